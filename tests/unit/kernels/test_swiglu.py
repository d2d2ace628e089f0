"""The gate by hand; gate and up as one product have the gradients of two."""

from __future__ import annotations

import math

import pytest
import torch
import torch.nn.functional as F
from gradients import with_gradients

from fathom.kernels.swiglu import swiglu, swiglu_linear


def test_by_hand() -> None:
    out = swiglu.reference(torch.tensor([2.0, -2.0, 3.0, 5.0]))
    assert out.tolist() == pytest.approx([2 / (1 + math.exp(-2)) * 3, -2 / (1 + math.exp(2)) * 5])


def test_joined_weights_have_their_own_gradients() -> None:
    generator = torch.Generator().manual_seed(0)
    x, gate, up = (torch.randn(*shape, generator=generator) for shape in ((3, 6), (10, 6), (10, 6)))
    wanted = with_gradients(lambda x, gate, up: F.silu(x @ gate.t()) * (x @ up.t()), (x, gate, up))
    for one, other in zip(with_gradients(swiglu_linear, (x, gate, up)), wanted, strict=True):
        torch.testing.assert_close(one, other)
