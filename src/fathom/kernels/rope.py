"""Rotary position embedding (Su et al., arXiv 2104.09864): the rotation of queries and keys by given angles.

B batch · T tokens · H heads · R rotary channels · N, V nope and value channels of a head
"""

from __future__ import annotations

import torch
from torch import Tensor

from fathom.kernels.registry import operation


@operation()
def rotate(x: Tensor, cos: Tensor, sin: Tensor, interleaved: bool) -> Tensor:
    """Rotate the last R channels of x (B, T, H, N + R) by cos and sin (B or 1, T, 1, R) float32, in x's type.

    The result is x·cos + partner(x)·sin. The partner is the neighbor where ``interleaved``, else the channel R/2
    further. Both channels of a pair have one angle, and ``sin`` carries the sign of the partner. Differentiable.
    """
    rotary = cos.shape[-1]
    if rotary < x.shape[-1]:
        return torch.cat((x[..., :-rotary], rotate.reference(x[..., -rotary:], cos, sin, interleaved)), -1)
    partner = x.unflatten(-1, (-1, 2)).flip(-1).flatten(-2) if interleaved else x.roll(rotary // 2, -1)
    return torch.addcmul(x * cos, partner, sin).to(x.dtype)


@operation()
def mla_keys(
    expanded: Tensor, rope: Tensor, cos: Tensor, sin: Tensor, interleaved: bool, value_dim: int
) -> tuple[Tensor, Tensor]:
    """Keys and values of MLA's heads: expanded (B, T, H, N + V), rope (B, T, R) → keys (B, T, H, N + R), the rope
    rotated and shared by all heads, and values (B, T, H, V). Differentiable.
    """
    nope, values = expanded.split([expanded.shape[-1] - value_dim, value_dim], -1)
    rotated = rotate(rope[:, :, None], cos, sin, interleaved).expand(-1, -1, expanded.shape[2], -1)
    return torch.cat((nope, rotated), -1), values
