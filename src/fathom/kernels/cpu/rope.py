"""C++ kernels of ``fathom.kernels.rope``."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from fathom.kernels.cpu.interface import CONSTANTS
from fathom.kernels.cpu.rows import are_floats, flat, pointer, run
from fathom.kernels.registry import kernel

MAX_CHANNELS = CONSTANTS["MAX_ROTARY"]
"""Rotary channels that the kernels have room for."""


def _accepts(x: Tensor, cos: Tensor, sin: Tensor, interleaved: bool) -> bool:
    fits = cos.shape[-1] <= MAX_CHANNELS and len(cos) in {1, len(x)} and cos.shape[1] == x.shape[1]
    return fits and are_floats(x, cos)


@kernel(_accepts)
def rotate(x: Tensor, cos: Tensor, sin: Tensor, interleaved: bool) -> Tensor:
    result: Tensor = _Rotate.apply(x, cos, sin, interleaved)
    return result


def _accepts_keys(expanded: Tensor, rope: Tensor, cos: Tensor, sin: Tensor, interleaved: bool, value_dim: int) -> bool:
    return expanded.dtype == rope.dtype and _accepts(expanded, cos, sin, interleaved)


@kernel(_accepts_keys)
def mla_keys(
    expanded: Tensor, rope: Tensor, cos: Tensor, sin: Tensor, interleaved: bool, value_dim: int
) -> tuple[Tensor, Tensor]:
    result: tuple[Tensor, Tensor] = _MLAKeys.apply(expanded, rope, cos, sin, interleaved, value_dim)
    return result


class _Rotate(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, cos: Tensor, sin: Tensor, interleaved: bool) -> Tensor:
        ctx.save_for_backward(cos, sin)
        ctx.interleaved = interleaved
        return _rotate(x, cos, sin, interleaved, 1.0)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, d_out: Tensor) -> tuple[Tensor, None, None, None]:
        cos, sin = ctx.saved_tensors
        return _rotate(d_out, cos, sin, ctx.interleaved, -1.0), None, None, None


def _rotate(x: Tensor, cos: Tensor, sin: Tensor, interleaved: bool, sign: float) -> Tensor:
    batch, length, heads, channels = x.shape
    rotary = cos.shape[-1]
    out = x.new_empty(x.shape)
    sizes = (batch * length, heads, channels - rotary, rotary)
    run("rotate", flat(x), flat(out), *_angles(cos, sin), *sizes, interleaved, sign)
    return out


class _MLAKeys(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, expanded: Tensor, rope: Tensor, cos: Tensor, sin: Tensor, interleaved: bool, value_dim: int
    ) -> tuple[Tensor, Tensor]:
        batch, length, heads, channels = expanded.shape
        nope, rotary = channels - value_dim, rope.shape[-1]
        k = expanded.new_empty(batch, length, heads, nope + rotary)
        v = expanded.new_empty(batch, length, heads, value_dim)
        ctx.sizes = (batch * length, heads, nope, rotary, value_dim)
        ctx.save_for_backward(cos, sin)
        ctx.interleaved = interleaved
        rows = (flat(expanded), flat(rope), flat(k), flat(v))
        run("mla_keys", *rows, *_angles(cos, sin), *ctx.sizes, interleaved)
        return k, v

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, d_k: Tensor, d_v: Tensor) -> tuple[Tensor, Tensor, None, None, None, None]:
        _, _, nope, rotary, value_dim = ctx.sizes
        d_expanded = d_k.new_empty(*d_k.shape[:3], nope + value_dim)
        d_rope = d_k.new_empty(*d_k.shape[:2], rotary)
        rows = (flat(d_k), flat(d_v), flat(d_expanded), flat(d_rope))
        run("mla_keys_backward", *rows, *_angles(*ctx.saved_tensors), *ctx.sizes, ctx.interleaved)
        return d_expanded, d_rope, None, None, None, None


def _angles(cos: Tensor, sin: Tensor) -> tuple[int, int, int]:
    return pointer(cos), pointer(sin), cos.numel() // cos.shape[-1]
