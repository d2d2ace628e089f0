"""C++ kernels of ``fathom.kernels.moe``."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from fathom.kernels.cpu.rows import are_floats, flat, pointer, run
from fathom.kernels.registry import kernel


def _accepts(x: Tensor, places: Tensor, last: object) -> bool:
    return are_floats(x)


@kernel(_accepts)
def scatter_rows(x: Tensor, places: Tensor, rows: int) -> Tensor:
    result: Tensor = _ScatterRows.apply(x, places, rows)
    return result


@kernel(_accepts)
def combine_rows(rows: Tensor, places: Tensor, weights: Tensor) -> Tensor:
    result: Tensor = _CombineRows.apply(rows, places, weights)
    return result


class _ScatterRows(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, places: Tensor, rows: int) -> Tensor:
        ctx.save_for_backward(places)
        ctx.rows = len(x)
        out = _empty_rows(x, places, rows)
        run("scatter_rows", flat(x), pointer(places), out, *_sizes(x, places))
        return out

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, d_out: Tensor) -> tuple[Tensor, None, None]:
        (places,) = ctx.saved_tensors
        d_x = d_out.new_empty(ctx.rows, d_out.shape[1])
        run("combine_rows", flat(d_out), pointer(places), None, d_x, *_sizes(d_x, places))
        return d_x, None, None


class _CombineRows(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, places: Tensor, weights: Tensor) -> Tensor:
        x = flat(x)
        ctx.save_for_backward(x, places, weights)
        out = x.new_empty(len(weights), x.shape[1])
        run("combine_rows", x, pointer(places), pointer(weights), out, *_sizes(out, places))
        return out

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, d_out: Tensor) -> tuple[Tensor, None, Tensor]:
        x, places, weights = ctx.saved_tensors
        d_x, d_weights = _empty_rows(x, places, len(x)), torch.empty_like(weights)
        pointers = pointer(places), pointer(weights)
        run("combine_rows_backward", x, *pointers, flat(d_out), d_x, pointer(d_weights), *_sizes(d_out, places))
        return d_x, None, d_weights


def _empty_rows(x: Tensor, places: Tensor, rows: int) -> Tensor:
    """Memory for ``rows`` rows like those of x, of which ``places`` will be written; the others are zeros."""
    out = x.new_empty(rows, x.shape[1])
    if rows != len(places):
        unused = torch.ones(rows, dtype=torch.bool).index_fill_(0, places, False)
        out.index_fill_(0, unused.nonzero()[:, 0], 0)
    return out


def _sizes(x: Tensor, places: Tensor) -> tuple[int, int, int]:
    """N, K, D of rows x (N, D)."""
    return len(x), len(places) // max(1, len(x)), x.shape[1]
