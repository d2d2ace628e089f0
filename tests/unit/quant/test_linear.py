"""Modules over weights in a storage format compute what dense ones would, and hold no parameters."""

from __future__ import annotations

import pytest
import torch

from fathom.kernels.formats.matrix import dense, quantize
from fathom.quant.linear import QuantizedEmbedding, QuantizedLinear


@pytest.mark.parametrize("kind", ["float32", "q8_0", "q4_1"])
def test_a_linear_layer_with_bias(kind: str) -> None:
    generator = torch.Generator().manual_seed(0)
    weight, bias, x = (torch.randn(*shape, generator=generator) for shape in ((20, 64), (20,), (2, 3, 64)))
    matrix = dense(weight, bias) if kind == "float32" else quantize(weight, kind, bias)
    module = QuantizedLinear(matrix)
    torch.testing.assert_close(module(x), x @ matrix.dense().t() + bias, atol=1e-5, rtol=1e-5)
    assert not list(module.parameters())
    assert repr(module) == f"QuantizedLinear(64 → 20, {kind})"


def test_an_embedding_gives_rows_of_its_type() -> None:
    matrix = quantize(torch.randn(20, 64), "q8_0")
    module = QuantizedEmbedding(matrix, torch.bfloat16)
    assert torch.equal(module(torch.tensor([[3, 19]])), matrix.dense()[torch.tensor([[3, 19]])].bfloat16())
    assert repr(module) == "QuantizedEmbedding(20 × 64, q8_0 → torch.bfloat16)"
