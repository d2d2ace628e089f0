from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from fathom.train.components.divergence import SpikeDetector, culprit, steepest


def stack() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 3), nn.ReLU(), nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 1)))


def test_a_spike_is_measured_against_a_full_window() -> None:
    detector = SpikeDetector(window=3, spike=1.0)
    assert [detector.fires(loss) for loss in (9.0, 3.0, 3.0)] == [False, False, False]  # not yet full
    assert not detector.fires(5.9)  # the mean is 5, and it moves on to 3.97
    assert detector.fires(5.0)
    assert not detector.fires(4.9)  # a spike does not join the window


def test_no_bound_no_spike() -> None:
    detector = SpikeDetector(window=1, spike=None)
    assert not any(detector.fires(loss) for loss in (1.0, 100.0, 1e9))


def test_weights_are_named_first() -> None:
    model = stack()
    nn.init.constant_(model.get_parameter("2.0.weight"), math.nan)
    assert culprit(model, lambda: model(torch.ones(1, 3))) == "the weight 2.0.weight"


def test_then_the_smallest_module_with_a_non_finite_output() -> None:
    model = stack()
    with torch.no_grad():
        model.get_parameter("2.0.weight").fill_(3e38)
        model.get_parameter("0.bias").fill_(1e3)
    assert culprit(model, lambda: model(torch.ones(1, 3))) == "the output of 2.0"


def test_then_the_non_finite_gradient_nearest_the_loss() -> None:
    model = stack()
    model(torch.ones(1, 3)).sum().backward()
    for name in ("0.weight", "2.0.weight"):
        gradient = model.get_parameter(name).grad
        assert gradient is not None
        gradient.fill_(math.inf)
    expected = "the gradient of 2.0.weight (and of 1 before it)"
    assert culprit(model, lambda: model(torch.ones(1, 3))) == expected


def test_a_sum_may_overflow_by_itself() -> None:
    model = stack()
    assert culprit(model, lambda: model(torch.ones(1, 3))) == "no single tensor: a sum overflowed"


@pytest.mark.parametrize("name", ["0.weight", "2.1.bias"])
def test_the_steepest_gradient_is_relative_to_its_weight(name: str) -> None:
    model = stack()
    for parameter in model.parameters():
        parameter.grad = torch.full_like(parameter, 0.01)
    gradient = model.get_parameter(name).grad
    assert gradient is not None
    gradient.fill_(50.0)
    assert steepest(model) == f"the gradient of {name}"
