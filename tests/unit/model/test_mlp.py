from __future__ import annotations

import math

import pytest
import torch

from fathom.model.mlp import MLP


def test_by_hand() -> None:
    mlp = MLP(1, 2)
    with torch.no_grad():
        mlp.gate.weight.copy_(torch.tensor([[1.0], [-1.0]]))
        mlp.up.weight.copy_(torch.tensor([[3.0], [5.0]]))
        mlp.down.weight.copy_(torch.tensor([[1.0, 1.0]]))
    # x = 2: silu(2) · 6 + silu(-2) · 10
    expected = 2 / (1 + math.exp(-2)) * 6 + -2 / (1 + math.exp(2)) * 10
    assert mlp(torch.tensor([2.0])).item() == pytest.approx(expected)
