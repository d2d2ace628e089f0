"""What the C++ rotations decline, and views as inputs."""

from __future__ import annotations

import pytest
import torch
from gradients import with_gradients
from kernel_cases import Draw

from fathom.kernels.cpu.rope import MAX_CHANNELS, mla_keys
from fathom.kernels.rope import rotate

pytestmark = pytest.mark.usefixtures("kernels")


def test_angles_of_another_batch_or_length_and_too_many_channels_are_declined() -> None:
    x, angles = torch.randn(2, 7, 3, 8), torch.zeros(2, 7, 1, 8)
    assert rotate.select(x, angles, angles, False) is not None
    assert rotate.select(x, angles[:, :1], angles[:, :1], False) is None
    assert rotate.select(x[:1], angles, angles, False) is None
    wide = torch.zeros(1, 7, 1, MAX_CHANNELS + 2)
    assert rotate.select(torch.zeros(2, 7, 1, MAX_CHANNELS + 2), wide, wide, False) is None


def test_the_rotary_key_may_be_a_view_of_the_down_projection() -> None:
    draw = Draw(0)
    expanded, joined = draw.floats(2, 7, 3, 20 + 12), draw.floats(2, 7, 24)
    angles = draw.angles(1, 7, 8, interleaved=True)
    views = with_gradients(lambda e, j: mla_keys(e, j[..., 16:], *angles, True, 12), (expanded, joined))
    copies = with_gradients(lambda e, r: mla_keys(e, r, *angles, True, 12), (expanded, joined[..., 16:].contiguous()))
    assert all(torch.equal(one, other) for one, other in zip(views[:3], copies[:3], strict=True))
    assert torch.equal(views[3][..., 16:], copies[3])
