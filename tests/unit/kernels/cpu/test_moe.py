"""Rows that no token goes to are zero, in values and in gradients."""

from __future__ import annotations

import pytest
import torch

from fathom.kernels.cpu.moe import combine_rows, scatter_rows

pytestmark = pytest.mark.usefixtures("kernels")

PLACES = torch.tensor([3, 0, 1, 4])


def test_padding_is_zero_though_memory_is_not() -> None:
    for _ in range(3):
        torch.full((5, 40), float("nan"))  # freed at once: likely the memory of the next
        assert scatter_rows(torch.ones(2, 40), PLACES, 5).sum(1).tolist() == [40, 40, 0, 40, 40]


def test_padding_gets_no_gradient() -> None:
    rows = torch.ones(5, 40, requires_grad=True)
    combine_rows(rows, PLACES, torch.ones(2, 2)).sum().backward()
    assert rows.grad is not None
    assert rows.grad.sum(1).tolist() == [40, 40, 0, 40, 40]
