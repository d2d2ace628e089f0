"""Extreme and empty inputs of the C++ gate."""

from __future__ import annotations

import pytest
import torch
from gradients import with_gradients

from fathom.kernels.cpu.swiglu import swiglu

pytestmark = pytest.mark.usefixtures("kernels")


def test_extremes_stay_finite() -> None:
    gate_up = torch.tensor([[-1e30, -200.0, 200.0, 1e30, 1.0, 1.0, 1.0, 1.0]], requires_grad=True)
    out = swiglu(gate_up)
    out.sum().backward()
    assert out[0].tolist() == pytest.approx([0.0, 0.0, 200.0, 1e30], rel=1e-6, abs=1e-7)
    assert gate_up.grad is not None
    assert torch.isfinite(gate_up.grad).all()


def test_no_rows() -> None:
    out, gradient = with_gradients(swiglu, [torch.empty(0, 32)])
    assert out.shape == (0, 16)
    assert gradient.shape == (0, 32)
