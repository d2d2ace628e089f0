from __future__ import annotations

import pytest
import torch
from torch import nn

from fathom.optim.ema import EMA


def model(value: float) -> nn.Linear:
    linear = nn.Linear(1, 1, bias=False)
    nn.init.constant_(linear.weight, value)
    return linear


def test_the_average_starts_quickly_and_slows_down() -> None:
    linear = model(0.0)
    average = EMA(linear, decay=0.15)
    nn.init.constant_(linear.weight, 1.0)
    seen = []
    for _ in range(3):
        average.update(linear)
        seen.append(average.average["weight"].item())
    # decays 1/10, 0.15 (2/11 is beyond it), 0.15
    assert seen == pytest.approx([0.9, 1 - 0.1 * 0.15, 1 - 0.1 * 0.15 * 0.15])


def test_inside_the_block_the_model_holds_the_average() -> None:
    linear = model(0.0)
    average = EMA(linear, decay=0.5)
    nn.init.constant_(linear.weight, 1.0)
    average.update(linear)
    with average.swap(linear):
        assert linear.weight.item() == pytest.approx(0.9)
    assert linear.weight.item() == 1.0
    assert average.average["weight"].item() == pytest.approx(0.9)


def test_its_state_returns() -> None:
    linear = model(0.0)
    average = EMA(linear, decay=0.5)
    nn.init.constant_(linear.weight, 1.0)
    average.update(linear)
    other = EMA(model(7.0), decay=0.5)
    other.load_state_dict(average.state_dict())
    assert (other.updates, other.average["weight"]) == (1, average.average["weight"])


def test_frozen_weights_are_not_averaged() -> None:
    linear = nn.Linear(2, 2)
    linear.weight.requires_grad_(False)
    assert list(EMA(linear, 0.9).average) == ["bias"]
    assert torch.equal(EMA(linear, 0.9).average["bias"], linear.bias)
