import pytest
import torch

from fathom.base.cpu import Cpu
from fathom.base.device import pick_device, pick_dtype
from fathom.base.errors import ConfigError

OLD = Cpu("old", frozenset({"avx2"}), 1)
NEW = Cpu("new", frozenset({"avx2", "avx512_bf16"}), 1)


def test_auto_takes_cuda_only_where_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert pick_device() == torch.device("cpu")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert pick_device() == torch.device("cuda")


def test_a_missing_device_is_a_clear_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(ConfigError, match="no CUDA device that torch can use; choose --device cpu"):
        pick_device("cuda")
    with pytest.raises(ConfigError, match="no device called 'toaster'; choose auto, cpu or cuda"):
        pick_device("toaster")


@pytest.mark.parametrize(
    ("name", "device", "processor", "expected"),
    [
        ("auto", "cpu", OLD, torch.float32),
        ("auto", "cpu", NEW, torch.bfloat16),
        ("auto", "cuda", OLD, torch.bfloat16),
        ("float32", "cpu", NEW, torch.float32),
        ("bfloat16", "cpu", OLD, torch.bfloat16),
    ],
)
def test_dtype_rule(name: str, device: str, processor: Cpu, expected: torch.dtype) -> None:
    assert pick_dtype(name, torch.device(device), processor) is expected


def test_an_unknown_dtype_is_a_clear_error() -> None:
    with pytest.raises(ConfigError, match="no dtype called 'float7'; choose float32, bfloat16 or auto"):
        pick_dtype("float7", torch.device("cpu"))
