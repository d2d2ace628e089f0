from __future__ import annotations

import math

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from fathom.model.modules import MLP, Linear, RMSNorm, matmul_dtype


def test_norm_by_hand() -> None:
    norm = RMSNorm(2, eps=0.5)
    with torch.no_grad():
        norm.weight.copy_(torch.tensor([1.0, 3.0]))
    # mean square (9 + 16) / 2 + 0.5 = 13, so each is divided by √13
    assert norm(torch.tensor([3.0, 4.0])).tolist() == pytest.approx([3 / 13**0.5, 12 / 13**0.5])


def test_an_offset_is_added_to_the_weight_in_float32() -> None:
    norm = RMSNorm(2, eps=0.5, offset=1)
    assert norm.weight.tolist() == [0.0, 0.0]
    with torch.no_grad():
        norm.weight.copy_(torch.tensor([0.0, 2.0]))
    assert norm(torch.tensor([3.0, 4.0])).tolist() == pytest.approx([3 / 13**0.5, 12 / 13**0.5])
    narrow = RMSNorm(1, eps=1e-6, offset=1).bfloat16()
    with torch.no_grad():
        narrow.weight.fill_(0.001)  # 1.001 is none of bfloat16's numbers
    assert narrow.factors().item() == pytest.approx(1.001, abs=1e-5)
    assert narrow(torch.ones(3, 1)).dtype == torch.float32
    assert narrow(torch.ones(3, 1).bfloat16()).dtype == torch.bfloat16
    assert narrow(torch.ones(3, 1)).flatten().tolist() == pytest.approx([1.001] * 3, abs=1e-5)


def test_half_precision_does_not_overflow() -> None:
    out = RMSNorm(4, eps=1e-6).half()(torch.full((1, 4), 60_000.0, dtype=torch.float16))
    assert out.tolist() == [[1.0] * 4]


def test_zero_stays_zero() -> None:
    assert RMSNorm(4, eps=1e-6)(torch.zeros(4)).tolist() == [0.0] * 4


def test_mlp_by_hand() -> None:
    mlp = MLP(1, 2)
    with torch.no_grad():
        mlp.gate.weight.copy_(torch.tensor([[1.0], [-1.0]]))
        mlp.up.weight.copy_(torch.tensor([[3.0], [5.0]]))
        mlp.down.weight.copy_(torch.tensor([[1.0, 1.0]]))
    # x = 2: silu(2) · 6 + silu(-2) · 10
    expected = 2 / (1 + math.exp(-2)) * 6 + -2 / (1 + math.exp(2)) * 10
    assert mlp(torch.tensor([2.0])).item() == pytest.approx(expected)


def test_gelu_by_its_approximation() -> None:
    mlp = MLP(1, 1, "gelu_tanh")
    with torch.no_grad():
        for layer, weight in ((mlp.gate, 1.0), (mlp.up, 3.0), (mlp.down, 1.0)):
            layer.weight.fill_(weight)
    gelu = 0.5 * 2 * (1 + math.tanh((2 / math.pi) ** 0.5 * (2 + 0.044715 * 8)))
    assert mlp(torch.tensor([2.0])).item() == pytest.approx(gelu * 6, rel=1e-6)


def test_a_linear_layer_is_torchs() -> None:
    layer = Linear(3, 2)
    assert isinstance(layer, nn.Linear)
    x = torch.randn(4, 3)
    torch.testing.assert_close(layer(x), F.linear(x, layer.weight, layer.bias))


def test_a_module_put_in_place_of_a_projection_is_used() -> None:
    mlp = MLP(2, 3)
    mlp.gate = nn.Linear(2, 3)
    x = torch.randn(4, 2)
    torch.testing.assert_close(mlp(x), mlp.down(F.silu(mlp.gate(x)) * mlp.up(x)))


def test_products_are_computed_in_the_type_of_autocast() -> None:
    x = torch.zeros(1)
    assert matmul_dtype(x) == torch.float32
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert matmul_dtype(x) == torch.bfloat16
