"""The norm by hand, and in the type that is asked for, whichever implementation serves."""

from __future__ import annotations

import pytest
import torch

from fathom.kernels.norm import rms_norm


def test_by_hand() -> None:
    out = rms_norm.reference(torch.tensor([3.0, 4.0]), torch.tensor([1.0, 3.0]), 0.5, torch.float32)
    assert out.tolist() == pytest.approx([3 / 13**0.5, 12 / 13**0.5])  # mean square (9 + 16) / 2 + 0.5 = 13


@pytest.mark.parametrize("training", [True, False])
def test_it_rounds_to_the_type_that_is_asked_for(training: bool) -> None:
    x, weight = torch.randn(4, 8, generator=torch.Generator().manual_seed(0)), torch.ones(8)
    with torch.set_grad_enabled(training):
        rounded = rms_norm(x, weight, 1e-6, torch.bfloat16)
        assert rounded.dtype == torch.bfloat16
        assert torch.equal(rounded, rms_norm(x, weight, 1e-6, torch.float32).bfloat16())
