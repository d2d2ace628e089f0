"""Rotations by hand: a quarter turn, in both layouts of the pairs."""

from __future__ import annotations

import pytest
import torch

from fathom.kernels.rope import mla_keys, rotate

QUARTER = torch.zeros(1, 1, 1, 4)  # cosines
SINES = {False: torch.tensor([-1.0, -1.0, 1.0, 1.0]), True: torch.tensor([-1.0, 1.0, -1.0, 1.0])}
TURNED = {False: [-3.0, -4.0, 1.0, 2.0], True: [-2.0, 1.0, -4.0, 3.0]}


@pytest.mark.parametrize("interleaved", [True, False])
@pytest.mark.parametrize("nope", [[], [7.0, 8.0]], ids=["all rotary", "last channels"])
def test_a_quarter_turn(interleaved: bool, nope: list[float]) -> None:
    x = torch.tensor([*nope, 1.0, 2.0, 3.0, 4.0]).view(1, 1, 1, -1)
    out = rotate.reference(x, QUARTER, SINES[interleaved].view(1, 1, 1, 4), interleaved)
    assert out.flatten().tolist() == [*nope, *TURNED[interleaved]]


def test_heads_of_mla_share_the_rotary_key() -> None:
    expanded = torch.tensor([[5.0, 50.0], [6.0, 60.0]]).view(1, 1, 2, 2)  # two heads: nope, value
    rope = torch.tensor([[[1.0, 2.0, 3.0, 4.0]]])
    k, v = mla_keys.reference(expanded, rope, QUARTER, SINES[False].view(1, 1, 1, 4), False, 1)
    assert k.flatten(0, 2).tolist() == [[5.0, *TURNED[False]], [6.0, *TURNED[False]]]
    assert v.flatten().tolist() == [50.0, 60.0]
