from __future__ import annotations

import math

import torch
from torch import nn

from fathom.optim.clip import clip


def with_gradients(*gradients: list[float]) -> list[nn.Parameter]:
    parameters = []
    for gradient in gradients:
        parameter = nn.Parameter(torch.zeros(len(gradient)))
        parameter.grad = torch.tensor(gradient)
        parameters.append(parameter)
    return parameters


def test_gradients_beyond_the_bound_are_scaled_to_it() -> None:
    parameters = with_gradients([3.0], [0.0, 4.0])
    assert clip(parameters, 1.0).item() == 5.0
    gradients = [gradient for p in parameters if p.grad is not None for gradient in p.grad.tolist()]
    assert [round(gradient, 6) for gradient in gradients] == [0.6, 0.0, 0.8]


def test_within_the_bound_or_without_one_nothing_changes() -> None:
    for bound in (5.0, None):
        parameters = with_gradients([3.0], [4.0])
        assert clip(parameters, bound).item() == 5.0
        assert parameters[0].grad == torch.tensor([3.0])


def test_a_broken_gradient_stays_where_it_is() -> None:
    parameters = with_gradients([math.nan], [4.0])
    assert clip(parameters, 1.0).isnan()
    assert parameters[1].grad == torch.tensor([4.0])


def test_no_gradients_have_norm_zero() -> None:
    assert clip([nn.Parameter(torch.ones(2))], 1.0) == 0
