from __future__ import annotations

import pytest
import torch
from torch import nn

from fathom.base.errors import CheckpointError
from fathom.train.run.trainable_state import fingerprint, load_trainable_state, trainable_state


def half_frozen() -> nn.Sequential:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3), nn.Linear(3, 1))
    model[0].requires_grad_(False)
    return model


def test_frozen_parameters_are_left_out_and_buffers_are_not() -> None:
    assert set(trainable_state(half_frozen())) == {
        "1.weight", "1.bias", "1.running_mean", "1.running_var", "1.num_batches_tracked", "2.weight", "2.bias"
    }  # fmt: skip
    whole = half_frozen().requires_grad_(True)
    assert trainable_state(whole).keys() == whole.state_dict().keys()


def test_the_state_loads_into_the_same_parameters() -> None:
    before, after = half_frozen(), half_frozen()
    nn.init.ones_(before[2].weight)
    load_trainable_state(after, trainable_state(before))
    assert torch.equal(after[2].weight, torch.ones(1, 3))


@pytest.mark.parametrize("change", [{"3.weight": torch.ones(1)}, {"2.weight": None}])
def test_another_model_is_refused(change: dict[str, torch.Tensor | None]) -> None:
    state = {name: tensor for name, tensor in (trainable_state(half_frozen()) | change).items() if tensor is not None}
    with pytest.raises(CheckpointError, match=f"that of another model: {next(iter(change))}"):
        load_trainable_state(half_frozen(), state)


def test_the_fingerprint_is_that_of_the_frozen_parameters() -> None:
    one, other = half_frozen(), half_frozen()
    nn.init.ones_(other[2].weight)
    assert fingerprint(one) == fingerprint(other)
    with torch.no_grad():
        other[0].bias[0] += 1
    assert fingerprint(one) != fingerprint(other)
    assert fingerprint(half_frozen().requires_grad_(True)) is None
    assert fingerprint(half_frozen().bfloat16()) not in (None, fingerprint(one))
