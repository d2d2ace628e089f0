"""C++ kernels of ``fathom.kernels.attention``.

torch's own attention makes several passes over memory where one would do, and computes every pair of positions that a
mask then discards.
"""

from __future__ import annotations

from ctypes import Structure
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from fathom.kernels.attention import VisibleSpans
from fathom.kernels.cpu.interface import STRUCTS, struct
from fathom.kernels.cpu.library import get_library
from fathom.kernels.cpu.rows import FLOATS, is_bf16, wants_no_gradient
from fathom.kernels.registry import kernel

MAX_LENGTH = 1024
"""Tokens of a row up to which causal attention is served: a task keeps two T·T tables of float32 in its scratch."""

_PagedAttention, _Pages = STRUCTS["PagedAttention"], STRUCTS["Pages"]


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
    window: int | None = None,
    softcap: float | None = None,
) -> Tensor:
    out = q.new_zeros(*q.shape[:2], value_dim)
    call = _PagedAttention(
        q=q.data_ptr(),
        out=out.data_ptr(),
        k=_pages(k_pages),
        v=_pages(v_pages),
        tables=block_tables.data_ptr(),
        query_starts=query_starts.data_ptr(),
        lengths=context_lengths.data_ptr(),
        q_row_stride=q.stride(0),
        q_head_stride=q.stride(1),
        table_stride=block_tables.stride(0),
        sequences=context_lengths.shape[0],
        heads=q.shape[1],
        kv_heads=k_pages.shape[2],
        page_size=k_pages.shape[1],
        key_dim=k_pages.shape[3],
        value_dim=value_dim,
        window=window or 0,
        scale=scale,
        softcap=softcap or 0.0,
        q_bf16=is_bf16(q),
        cache_bf16=is_bf16(k_pages),
    )
    get_library().fathom_paged_attention(call, threads or torch.get_num_threads())
    return out


def _pages(pages: Tensor | None) -> Structure:
    page, token, head = (0, 0, 0) if pages is None else pages.stride()[:3]
    data = None if pages is None else pages.data_ptr()
    return _Pages(data, page, token, head)


def _accepts_causal(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    scale: float,
    spans: VisibleSpans | None = None,
    softcap: float | None = None,
) -> bool:
    return softcap is None and q.dtype == k.dtype == v.dtype and q.shape[1] == k.shape[1] <= MAX_LENGTH


@kernel(_accepts_causal)
def causal_attention(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    scale: float,
    spans: VisibleSpans | None = None,
    softcap: float | None = None,
) -> Tensor:
    first = None if spans is None else spans.first
    result: Tensor = _CausalAttention.apply(_dense(q), _dense(k), _dense(v), scale, first)
    return result


class _CausalAttention(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, q: Tensor, k: Tensor, v: Tensor, scale: float, first: Tensor | None) -> Tensor:
        out = q.new_empty(*q.shape[:3], v.shape[-1])
        lse = torch.empty(len(q), q.shape[2], q.shape[1])
        call = _causal_call(q, k, v, out, lse, scale, first)
        get_library().fathom_causal_attention(call, torch.get_num_threads())
        ctx.save_for_backward(q, k, v, out, lse, first)
        ctx.scale = scale
        return out

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, d_out: Tensor) -> tuple[Tensor, Tensor, Tensor, None, None]:
        q, k, v, out, lse, first = ctx.saved_tensors
        d_out = _dense(d_out)
        gradients = q.new_empty(q.shape), k.new_empty(k.shape), v.new_empty(v.shape)
        call = _causal_call(q, k, v, out, lse, ctx.scale, first, (d_out, *gradients))
        get_library().fathom_causal_attention_backward(call, torch.get_num_threads())
        return *gradients, None, None


def _causal_call(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    out: Tensor,
    lse: Tensor,
    scale: float,
    first: Tensor | None,
    gradients: tuple[Tensor | None, ...] = (None,) * 4,  # of out, q, k and v
) -> Structure:
    names = ("q", "k", "v", "out", "d_out", "d_q", "d_k", "d_v")
    return struct(
        "CausalAttention",
        **{name: _heads(x) for name, x in zip(names, (q, k, v, out, *gradients), strict=True)},
        lse=lse.data_ptr(),
        first=None if first is None else first.data_ptr(),
        B=q.shape[0],
        T=q.shape[1],
        H=q.shape[2],
        G=k.shape[2],
        Dk=k.shape[3],
        Dv=v.shape[3],
        scale=scale,
        bf16=is_bf16(q),
    )


def _heads(x: Tensor | None) -> Structure:
    batch, token, head = (0, 0, 0) if x is None else x.stride()[:3]
    return struct("Heads", data=None if x is None else x.data_ptr(), batch=batch, token=token, head=head)


def _dense(x: Tensor) -> Tensor:
    """x, copied only where its last dimension has gaps."""
    return x if x.stride(-1) == 1 else x.contiguous()
