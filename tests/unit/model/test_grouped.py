from __future__ import annotations

import pytest
import torch

from fathom.model.grouped import Order, grouped

EXPERTS = torch.tensor([[2, 0], [2, 1], [0, 2]])  # expert 3 is idle


def test_rows_are_sorted_by_expert_and_come_back() -> None:
    order = Order(EXPERTS, 4)
    x = torch.tensor([[10.0], [20.0], [30.0]])
    assert order.counts == [2, 1, 3, 0]
    assert order.spread(x).flatten().tolist() == [10.0, 30.0, 20.0, 10.0, 20.0, 30.0]
    assert torch.equal(order.gather(order.spread(x)), x[:, None].expand(3, 2, 1))


def test_each_row_meets_its_groups_matrix() -> None:
    rows = torch.tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    weights = torch.tensor([[[1.0, 0.0]], [[9.0, 9.0]], [[0.0, 10.0]]])
    assert grouped(rows, weights, [1, 0, 2]).flatten().tolist() == [1.0, 40.0, 60.0]


@pytest.mark.parametrize("experts", [EXPERTS, torch.tensor([[1], [1], [1]]), torch.empty(0, 2, dtype=torch.long)])
def test_gradients_are_those_of_finite_differences(experts: torch.Tensor) -> None:
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(len(experts), 3, dtype=torch.float64, generator=generator, requires_grad=True)
    weights = torch.randn(4, 2, 3, dtype=torch.float64, generator=generator, requires_grad=True)
    order = Order(experts, 4)

    def through(x: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
        return order.gather(grouped(order.spread(x), weights, order.counts)).sum(1)

    assert torch.autograd.gradcheck(through, (x, weights))
