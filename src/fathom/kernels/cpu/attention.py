"""C++ kernels of ``fathom.kernels.attention``.

torch's own attention makes several passes over memory where one would do, and computes every pair of positions that a
mask then discards.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from fathom.kernels.attention import VisibleSpans
from fathom.kernels.cpu import ops, train_ops
from fathom.kernels.cpu.library import get_library
from fathom.kernels.cpu.rows import FLOATS, wants_no_gradient
from fathom.kernels.registry import kernel

MAX_LENGTH = 1024
"""Tokens of a row up to which causal attention is served: a task keeps two T·T tables of float32 in its scratch."""


def _accepts_paged(
    q: Tensor,
    k_pages: Tensor,
    v_pages: Tensor | None,
    block_tables: Tensor,
    query_starts: Tensor,
    context_lengths: Tensor,
    *_: Any,
    **__: Any,
) -> bool:
    """Whether types and layouts are what the kernel reads; a stride it cannot follow goes to the reference."""
    if k_pages.dtype not in FLOATS or not k_pages.is_cpu or q.stride(-1) != 1 or k_pages.stride(-1) != 1:
        return False
    if v_pages is not None and (v_pages.dtype != k_pages.dtype or v_pages.stride(-1) != 1):
        return False
    for index in (block_tables, query_starts, context_lengths):
        if index.dtype != torch.int32 or index.stride(-1) != 1:
            return False
    return wants_no_gradient(q, k_pages) and (v_pages is None or wants_no_gradient(v_pages))


@kernel(_accepts_paged)
def paged_attention(
    q: Tensor,
    k_pages: Tensor,
    v_pages: Tensor | None,
    block_tables: Tensor,
    query_starts: Tensor,
    context_lengths: Tensor,
    scale: float,
    value_dim: int,
    threads: int | None = None,
) -> Tensor:
    call = ops.Attention(q, k_pages, v_pages, block_tables, query_starts, context_lengths, scale, value_dim)
    return ops.paged_attention(get_library(), call, threads or torch.get_num_threads())


def _accepts_causal(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    scale: float,
    spans: VisibleSpans | None = None,
) -> bool:
    return q.dtype == k.dtype == v.dtype and q.shape[1] == k.shape[1] <= MAX_LENGTH


@kernel(_accepts_causal)
def causal_attention(q: Tensor, k: Tensor, v: Tensor, scale: float, spans: VisibleSpans | None = None) -> Tensor:
    first = None if spans is None else spans.first
    result: Tensor = _CausalAttention.apply(_dense(q), _dense(k), _dense(v), scale, first)
    return result


class _CausalAttention(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, q: Tensor, k: Tensor, v: Tensor, scale: float, first: Tensor | None) -> Tensor:
        out, lse = train_ops.attention(get_library(), q, k, v, scale, first)
        ctx.save_for_backward(q, k, v, out, lse, first)
        ctx.scale = scale
        return out

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, d_out: Tensor) -> tuple[Tensor, Tensor, Tensor, None, None]:
        q, k, v, out, lse, first = ctx.saved_tensors
        gradients = train_ops.attention_backward(get_library(), (q, k, v), out, lse, _dense(d_out), ctx.scale, first)
        return *gradients, None, None


def _dense(x: Tensor) -> Tensor:
    """x, copied only where its last dimension has gaps."""
    return x if x.stride(-1) == 1 else x.contiguous()
