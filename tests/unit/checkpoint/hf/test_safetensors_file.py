"""One safetensors file: what the library writes we read, and damage is said with the remedy."""

import contextlib
import json
import os
import stat
import struct
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.torch import save_file

from fathom.base.errors import CheckpointError
from fathom.checkpoint.hf.safetensors_file import SafetensorsFile, write_safetensors

TENSORS = {
    "a": torch.arange(6, dtype=torch.float32).view(2, 3),
    "b": torch.tensor([1.5, -2.0], dtype=torch.bfloat16),
    "c": torch.tensor(3, dtype=torch.int64),
    "d": torch.tensor([[0.5]], dtype=torch.float8_e4m3fn),
    "e": torch.empty(0, 4),
}


def file_of(header: object, body: bytes = b"") -> bytes:
    raw = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(raw)) + raw + body


def test_what_the_library_writes_we_read(tmp_path: Path) -> None:
    save_file(TENSORS, tmp_path / "x.safetensors", metadata={"format": "pt"})
    file = SafetensorsFile(tmp_path / "x.safetensors")

    assert file.metadata == {"format": "pt"}
    assert set(file.entries) == set(TENSORS)
    for name, tensor in TENSORS.items():
        read = file.read(name)
        assert (read.dtype, read.shape) == (tensor.dtype, tensor.shape)
        assert torch.equal(read.float(), tensor.float())


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such permissions")
@pytest.mark.parametrize(("mask", "mode"), [(0o022, 0o644), (0o002, 0o664), (0o077, 0o600)])
def test_permissions_are_those_of_any_new_file(mask: int, mode: int, tmp_path: Path) -> None:
    before = os.umask(mask)
    try:
        write_safetensors(tmp_path / "m.safetensors", {"w": torch.zeros(2)})
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "m.safetensors").stat().st_mode) == mode


def test_a_file_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="cannot be written"):
        write_safetensors(tmp_path / "no" / "x.safetensors", TENSORS)
    write_safetensors(tmp_path / "x.safetensors", TENSORS)
    assert [entry.name for entry in tmp_path.iterdir()] == ["x.safetensors"]


def entry(**changes: Any) -> dict[str, Any]:
    return {"w": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]} | changes}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is truncated: its header is incomplete; the file is damaged or its download was cut: download it again"),
        (struct.pack("<Q", 1 << 62), "its header is incomplete"),
        (file_of(entry(), bytes(8))[:20], "its header is incomplete"),
        (file_of(entry(), bytes(5)), "is truncated: tensor 'w' lacks 3 bytes"),
        (file_of(b"{not json"), "a header that is not JSON"),
        (file_of(b"[" * 100_000), "a header that is not JSON"),
        (file_of([1]), "a header that is no object"),
        (file_of({"w": 3}), "stores 'w' as None; these are read: F64"),
        (file_of(entry(dtype="F4"), bytes(8)), "stores 'w' as F4"),
        (file_of(entry(shape=None), bytes(8)), "without shape and offsets"),
        (file_of(entry(shape=[-2]), bytes(8)), "without shape and offsets"),
        (file_of(entry(shape=[True, 2]), bytes(8)), "without shape and offsets"),
        (file_of(entry(data_offsets=[0, 8, 9]), bytes(8)), "without shape and offsets"),
        (file_of(entry(data_offsets=[0, 4]), bytes(8)), "gives tensor 'w' 4 bytes instead of 8"),
        (file_of(entry(shape=[1 << 60, 1 << 60])), "gives tensor 'w' 8 bytes instead of"),
        (file_of({"__metadata__": 1} | entry(), bytes(4)), "lacks 4 bytes"),
    ],
)
def test_damage_is_named(content: bytes, message: str, tmp_path: Path) -> None:
    path = tmp_path / "bad.safetensors"
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match=message):
        SafetensorsFile(path)


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="cannot be read: No such file"):
        SafetensorsFile(tmp_path / "none.safetensors")


def test_a_file_cut_after_it_was_opened(tmp_path: Path) -> None:
    save_file(TENSORS, tmp_path / "x.safetensors")
    file = SafetensorsFile(tmp_path / "x.safetensors")
    with (tmp_path / "x.safetensors").open("r+b") as raw:
        raw.truncate(file.entries["a"].start + 2)
    with pytest.raises(CheckpointError, match="became shorter while it was read"):
        file.read("a")


@given(flips=st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), min_size=1, max_size=4))
@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_a_file_with_changed_bytes_is_read_or_refused(flips: list[tuple[int, int]], tmp_path: Path) -> None:
    save_file(TENSORS, tmp_path / "x.safetensors")
    damaged = bytearray((tmp_path / "x.safetensors").read_bytes())
    for place, value in flips:
        damaged[place % len(damaged)] = value
    (tmp_path / "x.safetensors").write_bytes(damaged)
    with contextlib.suppress(CheckpointError):  # any other exception fails the test
        file = SafetensorsFile(tmp_path / "x.safetensors")
        for name in file.entries:
            file.read(name)
