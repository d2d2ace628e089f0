"""Kernels with a gradient: what one training step on the CPU spends its time on, beside products.

torch's own operators make several passes over memory where one would do, and its attention computes every pair of
positions that a mask then discards. Each function here has a plain form in the model, which serves wherever these
kernels cannot: on other devices, for other types, without a compiler. Callers ask ``can_…`` and choose.

    B rows · T tokens a row · H, G query and key/value heads · Dk, Dv key and value channels
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from fathom.kernels.cpu import train_ops
from fathom.kernels.cpu.library import library

LONGEST = 1024
"""Tokens of a row up to which attention is served: a task keeps two T·T tables of float32 in its thread's scratch."""

_SERVED = (torch.float32, torch.bfloat16)


def can_attend(q: Tensor, k: Tensor, v: Tensor) -> bool:
    """Whether :func:`attention` takes these."""
    alike = q.dtype == k.dtype == v.dtype and q.dtype in _SERVED
    return alike and q.device.type == "cpu" and q.shape[1] == k.shape[1] <= LONGEST and library() is not None


def attention(q: Tensor, k: Tensor, v: Tensor, scale: float, first: Tensor | None = None) -> Tensor:
    """softmax(scale · q kᵀ) v, where query t of a row sees keys first[t] … t, heads apart.

    q (B, T, H, Dk), k (B, T, G, Dk), v (B, T, G, Dv), ``first`` (B, T) int32, never decreasing along a row and never
    beyond t; None: 0. → (B, T, H, Dv).
    """
    result: Tensor = _Attention.apply(_dense(q), _dense(k), _dense(v), scale, first)
    return result


class _Attention(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, q: Tensor, k: Tensor, v: Tensor, scale: float, first: Tensor | None) -> Tensor:
        out, lse = train_ops.attention(_library(), q, k, v, scale, first)
        ctx.save_for_backward(q, k, v, out, lse, first)
        ctx.scale = scale
        return out

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, d_out: Tensor) -> tuple[Tensor, Tensor, Tensor, None, None]:
        q, k, v, out, lse, first = ctx.saved_tensors
        found = train_ops.attention_backward(_library(), (q, k, v), out, lse, _dense(d_out), ctx.scale, first)
        return *found, None, None


def _dense(x: Tensor) -> Tensor:
    """x, copied only where its last dimension has gaps."""
    return x if x.stride(-1) == 1 else x.contiguous()


def _library() -> Any:
    found = library()
    assert found is not None
    return found
