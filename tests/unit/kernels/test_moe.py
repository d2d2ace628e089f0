"""Rows to experts and back, by hand, and their gradients by finite differences."""

from __future__ import annotations

import torch

from fathom.kernels.moe import combine_rows, scatter_rows

PLACES = torch.tensor([3, 0, 1, 4])  # of two tokens with two experts each; row 2 is padding


def test_rows_go_to_their_places_and_the_others_are_zero() -> None:
    assert scatter_rows.reference(torch.tensor([[10.0], [20.0]]), PLACES, 5).flatten().tolist() == [10, 20, 0, 10, 20]


def test_rows_come_back_weighted() -> None:
    rows = torch.tensor([[1.0], [2.0], [99.0], [3.0], [4.0]])
    weights = torch.tensor([[0.5, 0.25], [1.0, 10.0]])
    assert combine_rows.reference(rows, PLACES, weights).flatten().tolist() == [3 * 0.5 + 1 * 0.25, 2 + 40]


def test_the_sum_is_taken_in_float32() -> None:
    rows = torch.tensor([[256.0], [1.0], [1.0]]).bfloat16()  # 256 + 1 is 256 in bfloat16
    assert combine_rows.reference(rows, torch.arange(3), torch.ones(1, 3)).item() == 258


def test_gradients_are_those_of_finite_differences() -> None:
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(2, 3, dtype=torch.float64, generator=generator, requires_grad=True)
    weights = torch.randn(2, 2, dtype=torch.float64, generator=generator, requires_grad=True)

    def through(x: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
        return combine_rows.reference(scatter_rows.reference(x, PLACES, 5) ** 2, PLACES, weights)

    assert torch.autograd.gradcheck(through, (x, weights))
