from __future__ import annotations

import pytest
import torch

from fathom.model.norm import RMSNorm


def test_by_hand() -> None:
    norm = RMSNorm(2, eps=0.5)
    with torch.no_grad():
        norm.weight.copy_(torch.tensor([1.0, 3.0]))
    # mean square (9 + 16) / 2 + 0.5 = 13, so each is divided by √13
    assert norm(torch.tensor([3.0, 4.0])).tolist() == pytest.approx([3 / 13**0.5, 12 / 13**0.5])


def test_half_precision_does_not_overflow() -> None:
    out = RMSNorm(4, eps=1e-6).half()(torch.full((1, 4), 60_000.0, dtype=torch.float16))
    assert out.tolist() == [[1.0] * 4]


def test_zero_stays_zero() -> None:
    assert RMSNorm(4, eps=1e-6)(torch.zeros(4)).tolist() == [0.0] * 4
