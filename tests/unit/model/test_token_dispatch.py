from __future__ import annotations

import pytest
import torch

from fathom.model.token_dispatch import TokenDispatch, grouped_linear, grouped_linear_on_gpu

EXPERTS = torch.tensor([[2, 0], [2, 1], [0, 2]])  # expert 3 is idle


def test_rows_are_sorted_by_expert_and_come_back() -> None:
    dispatch = TokenDispatch(EXPERTS, 4)
    x = torch.tensor([[10.0], [20.0], [30.0]])
    assert dispatch.counts == [2, 1, 3, 0]
    assert dispatch.dispatch(x).flatten().tolist() == [10.0, 30.0, 20.0, 10.0, 20.0, 30.0]
    shares = torch.tensor([[0.5, 0.25], [1.0, 1.0], [0.0, 2.0]])
    assert dispatch.combine(dispatch.dispatch(x), shares).flatten().tolist() == [7.5, 40.0, 60.0]


def test_groups_can_be_filled_up_with_zeros() -> None:
    dispatch = TokenDispatch(EXPERTS, 4, multiple=4)
    x = torch.tensor([[10.0], [20.0], [30.0]], requires_grad=True)
    rows = dispatch.dispatch(x)
    assert dispatch.counts == [4, 4, 4, 0]
    assert rows.flatten().tolist() == [10, 30, 0, 0, 20, 0, 0, 0, 10, 20, 30, 0]
    out = dispatch.combine(rows, torch.tensor([[0.5, 0.25], [1.0, 1.0], [0.0, 2.0]]))
    out.sum().backward()
    assert out.flatten().tolist() == [7.5, 40.0, 60.0]
    assert x.grad is not None
    assert x.grad.flatten().tolist() == [0.75, 2.0, 2.0]


def test_without_padding_the_number_of_rows_needs_no_sizes() -> None:
    dispatch = TokenDispatch(EXPERTS, 4)
    dispatch.dispatch(torch.zeros(3, 1))
    assert "counts" not in vars(dispatch)  # on a GPU they would make the host wait
    assert (dispatch.num_rows, TokenDispatch(EXPERTS, 4, multiple=4).num_rows) == (6, 12)


def test_each_row_meets_its_groups_matrix() -> None:
    rows = torch.tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    weights = torch.tensor([[[1.0, 0.0]], [[9.0, 9.0]], [[0.0, 10.0]]])
    dispatch = TokenDispatch(torch.tensor([[0], [2], [2]]), 3)
    assert grouped_linear(rows, dispatch, weights).flatten().tolist() == [1.0, 40.0, 60.0]


def test_the_operator_for_gpus_is_the_same_product() -> None:
    """It runs on the CPU too."""
    torch.manual_seed(0)
    dispatch = TokenDispatch(EXPERTS, 4)
    rows, weights = torch.randn(6, 16).bfloat16(), torch.randn(4, 8, 16).bfloat16()
    outs = []
    for product in (grouped_linear, grouped_linear_on_gpu):
        one, other = rows.clone().requires_grad_(), weights.clone().requires_grad_()
        out = product(one, dispatch, other)
        out.backward(torch.ones_like(out))
        outs.append((out, one.grad, other.grad))
    for found, wanted in zip(*outs, strict=True):
        torch.testing.assert_close(found, wanted, rtol=2e-2, atol=2e-2)


@pytest.mark.parametrize("experts", [EXPERTS, torch.tensor([[1], [1], [1]]), torch.empty(0, 2, dtype=torch.long)])
def test_gradients_are_those_of_finite_differences(experts: torch.Tensor) -> None:
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(len(experts), 3, dtype=torch.float64, generator=generator, requires_grad=True)
    weights = torch.randn(4, 2, 3, dtype=torch.float64, generator=generator, requires_grad=True)
    dispatch = TokenDispatch(experts, 4)

    def through(x: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
        ones = torch.ones(experts.shape, dtype=torch.float64)
        return dispatch.combine(grouped_linear(dispatch.dispatch(x), dispatch, weights), ones)

    assert torch.autograd.gradcheck(through, (x, weights))


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_stacks_side_by_side_learn_in_their_own_type(dtype: torch.dtype) -> None:
    torch.manual_seed(0)
    dispatch = TokenDispatch(EXPERTS, 4)
    rows = torch.randn(6, 16).to(dtype)
    stacks = [torch.randn(4, height, 16, requires_grad=True) for height in (8, 24)]
    out = grouped_linear(rows, dispatch, *stacks)
    assert out.dtype == dtype
    alone = [grouped_linear(rows, dispatch, stack) for stack in stacks]
    torch.testing.assert_close(out, torch.cat(alone, 1), rtol=1e-2, atol=1e-2)
    for found, wanted in zip(
        torch.autograd.grad(out.float().sum(), stacks),
        torch.autograd.grad(sum(one.float().sum() for one in alone), stacks),
        strict=True,
    ):
        assert found.dtype == torch.float32
        torch.testing.assert_close(found, wanted)
