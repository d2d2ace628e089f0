"""Number types for inference: the rule of ``auto``, what memory allows, and answers that do not depend on the load."""

from pathlib import Path

import pytest
import torch
from tiny_models import tiny_model, write_tokenizer

from fathom.base.errors import CheckpointError
from fathom.base.memory import Memory
from fathom.checkpoint import precision as precision_module
from fathom.checkpoint.bundle import build, open_bundle
from fathom.checkpoint.hf.export import save_directory
from fathom.checkpoint.precision import Precision, allocate, pick_precision, weight_bytes
from fathom.engine.config import EngineConfig
from fathom.engine.core import EngineCore
from fathom.engine.request import Chunk, Request, SamplingParams
from fathom.model.presets import PRESETS

FLOAT32 = Precision(torch.float32, torch.float32)
BFLOAT16 = Precision(torch.bfloat16, torch.bfloat16)
MIXED = Precision(torch.bfloat16, torch.float32)
CPU, CUDA = torch.device("cpu"), torch.device("cuda")
LARGE = "r1-distill-qwen-7b"


@pytest.fixture
def notes(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.setattr(precision_module, "detect", lambda: Memory(20_000_000_000, 0))
    return []


@pytest.mark.parametrize(
    ("dtype", "device", "narrow", "expected"),
    [
        ("auto", CPU, True, MIXED),
        ("auto", CUDA, True, BFLOAT16),
        ("float32", CPU, True, FLOAT32),
        ("bfloat16", CPU, False, BFLOAT16),
    ],
)
def test_the_rule(dtype: str, device: torch.device, narrow: bool, expected: Precision, notes: list[str]) -> None:
    model = build(PRESETS[LARGE])
    assert pick_precision(dtype, model, device, narrow=narrow, report=lambda what, _: notes.append(what)) == expected
    assert notes == []


def test_auto_is_bfloat16_with_a_note_where_float32_does_not_fit(notes: list[str]) -> None:
    model = build(PRESETS[LARGE])
    chosen = pick_precision("auto", model, CPU, narrow=False, report=lambda what, _: notes.append(what))
    assert chosen == BFLOAT16
    assert notes == ["note: float32 does not fit into memory: in bfloat16 an answer may depend on the load"]


def test_bytes_of_matrices_and_of_the_rest() -> None:
    model = build(PRESETS[LARGE])
    assert weight_bytes(model, FLOAT32) == 2 * weight_bytes(model, BFLOAT16) == 30_462_466_048
    assert weight_bytes(model, MIXED) - weight_bytes(model, BFLOAT16) < 2_000_000  # norms and biases


@pytest.mark.parametrize(
    ("precision", "message"),
    [
        (FLOAT32, r"take 30.5 GB in float32, and cpu has 8.0 GB; choose --dtype bfloat16 or a smaller model"),
        (BFLOAT16, r"take 15.2 GB in bfloat16, and cpu has 8.0 GB; choose a smaller model"),
    ],
)
def test_a_model_larger_than_the_machine(precision: Precision, message: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(precision_module, "detect", lambda: Memory(8_000_000_000, 0))
    with pytest.raises(CheckpointError, match=message):
        allocate(build(PRESETS[LARGE]), precision, CPU)


@pytest.mark.parametrize(("preset", "tolerance"), [("tiny-llama", 0.0), ("tiny-deepseek-v3", 1e-5)])
@pytest.mark.usefixtures("kernels")
def test_an_answer_does_not_depend_on_the_load(preset: str, tolerance: float, tmp_path: Path) -> None:
    """To the last bit where our kernels compute all of it; latent attention goes through products of torch."""
    save_directory(tmp_path, tiny_model(preset, init_std=0.3).bfloat16())
    write_tokenizer(tmp_path)
    bundle = open_bundle(tmp_path, optimize=True)
    prompts = [tuple((7 * i + j * j) % 300 for j in range(3 + 5 * i)) for i in range(9)]
    params = [SamplingParams(temperature=t, seed=11, max_tokens=24, logprobs=2, ignore_eos=True) for t in (0.0, 0.9)]
    requests = [Request(prompt, chosen) for prompt in prompts for chosen in params]

    together = answers(EngineCore(bundle.model, None, EngineConfig(num_pages=512)), requests)

    for request, expected in zip(requests, together, strict=True):
        (alone,) = answers(EngineCore(bundle.model, None, EngineConfig(num_pages=512)), [request])
        assert [token for token, _ in alone] == [token for token, _ in expected]
        assert [logprob for _, logprob in alone] == pytest.approx([logprob for _, logprob in expected], abs=tolerance)


def answers(core: EngineCore, requests: list[Request]) -> list[list[tuple[int, float]]]:
    """Tokens with their log-probabilities, by request."""
    tokens: dict[str, list[tuple[int, float]]] = {request.id: [] for request in requests}
    for request in requests:
        core.add(request)
    while core.has_work:
        for output in core.step():
            assert isinstance(output.value, Chunk)
            logprobs = [entry.logprob for entry in output.value.logprobs]
            tokens[output.request_id] += zip(output.value.token_ids, logprobs, strict=True)
    return list(tokens.values())
