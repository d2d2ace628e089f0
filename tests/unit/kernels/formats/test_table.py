"""The examples of docs/guides/add-a-kernel.md do what it says: a kernel and a format, each by one file and one row."""

from __future__ import annotations

import importlib
import sys
import types
from pathlib import Path

import gguf
import numpy as np
import pytest
import torch
from markdown_files import ROOT, blocks
from tiny_models import tiny_model

from fathom.checkpoint.bundle import build
from fathom.checkpoint.gguf.export import save_gguf
from fathom.checkpoint.gguf.model import GGUFModel
from fathom.checkpoint.gguf.quantized import take_quantized
from fathom.checkpoint.gguf.types import BlockType
from fathom.checkpoint.gguf.writer import FILE_TYPES
from fathom.checkpoint.load import checked_plan, fill
from fathom.checkpoint.precision import Precision, allocate
from fathom.kernels.formats.matrix import from_gguf, quantize
from fathom.kernels.formats.table import BLOCK_FORMATS
from fathom.kernels.implementations import FLOATS, Backend, Implementation
from fathom.kernels.matmul import embedding, quantized_linear
from fathom.kernels.registry import additional
from fathom.kernels.swiglu import swiglu
from fathom.quant.fused_layer import FusedLayer
from fathom.quant.prepare import prepare

GUIDE = ROOT / "docs" / "guides" / "add-a-kernel.md"


def example(name: str) -> types.ModuleType:
    """The guide's block of Python that defines ``name``, as a module."""
    (code,) = (block.code for block in blocks(GUIDE.read_text()) if f" {name}" in block.code and block.info == "python")
    module = types.ModuleType(f"guide_{name}")
    exec(compile(code, str(GUIDE), "exec"), module.__dict__)
    return module


@pytest.fixture
def q5_0(monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setitem(BLOCK_FORMATS, "q5_0", example("FiveBit").FiveBit())
    return "q5_0"


def test_the_kernel_of_the_guide_serves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "guide_kernels", types.ModuleType("guide_kernels"))
    monkeypatch.setitem(sys.modules, "guide_kernels.swiglu", example("swiglu"))
    monkeypatch.delenv("FATHOM_KERNELS", raising=False)
    row = Implementation("swiglu.swiglu", Backend("inplace", "cpu", "guide_kernels", lambda: True), FLOATS)
    x = torch.randn(3, 10)
    with additional(row), torch.no_grad():
        chosen = swiglu.select(x)
        assert chosen is importlib.import_module("guide_kernels.swiglu").swiglu
        assert torch.equal(swiglu(x), swiglu.reference(x))
    with torch.no_grad():
        assert swiglu.select(x) is None


def test_blocks_of_a_new_format_mean_what_ggml_says(q5_0: str) -> None:
    weight = np.random.default_rng(0).standard_normal((37, 96), dtype=np.float32)
    data = gguf.quantize(weight, gguf.GGMLQuantizationType.Q5_0)
    matrix = from_gguf(q5_0, torch.from_numpy(data))
    assert torch.equal(matrix.dense(), torch.from_numpy(gguf.dequantize(data, gguf.GGMLQuantizationType.Q5_0)))
    exact = torch.from_numpy(weight)
    error = (quantize(exact, q5_0).dense() - exact).abs().unflatten(1, (-1, 32))
    assert (error <= 1.02 * exact.unflatten(1, (-1, 32)).abs().amax(-1, keepdim=True) / 16).all()


def test_a_new_format_is_multiplied_and_read(q5_0: str) -> None:
    matrix = quantize(torch.randn(20, 64), q5_0)
    x = torch.randn(3, 64)
    assert torch.equal(quantized_linear(x, matrix), x @ matrix.dense().t())
    assert torch.equal(embedding(torch.tensor([3, 19]), matrix, torch.float32), matrix.dense()[[3, 19]])


@torch.no_grad()
def test_a_model_computes_with_a_files_blocks_of_a_new_format(
    q5_0: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(FILE_TYPES, BlockType.Q5_0, 8)  # so that a file can be made
    save_gguf(tmp_path / "m.gguf", tiny_model("tiny-llama"), {}, block_type=BlockType.Q5_0)
    file = GGUFModel(tmp_path / "m.gguf")
    tokens = torch.arange(10)[None]
    plain = build(file.model_config)
    plan = checked_plan(plain, file.weights, file.table, where=tmp_path)
    allocate(plain, Precision(torch.float32, torch.float32), torch.device("cpu"))
    fill(plain, file.weights, plan.steps, where=tmp_path)

    model = build(file.model_config)
    weights = take_quantized(model, file)
    allocate(model, Precision(torch.float32, torch.float32), torch.device("cpu"))
    fill(model, file.weights, [step for step in plan.steps if step[1][0].name not in weights], where=tmp_path)
    prepare(model, "none", torch.float32, weights)

    assert isinstance(model.layers[0], FusedLayer)
    assert model.layers[0].weights.down.kind == q5_0
    torch.testing.assert_close(model(tokens), plain(tokens), atol=1e-4, rtol=1e-4)


def test_a_scheme_of_a_new_format(q5_0: str) -> None:
    model = prepare(tiny_model("tiny-llama"), q5_0)
    assert model.layers[0].weights.down.kind == q5_0
    assert model.embed.matrix.kind == "q8_0"
