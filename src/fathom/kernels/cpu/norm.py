"""C++ kernels of ``fathom.kernels.norm``: one pass over memory, forward and backward."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from fathom.kernels.cpu.interface import CONSTANTS
from fathom.kernels.cpu.rows import are_floats, flat, pointer, run
from fathom.kernels.registry import kernel

PARTIAL_ROWS = CONSTANTS["PARTIAL_ROWS"]
"""Rows of which the kernel keeps one partial sum of the weight's gradient."""


def _accepts(x: Tensor, weight: Tensor, eps: float, dtype: torch.dtype) -> bool:
    return are_floats(x) and weight.dtype == torch.float32


@kernel(_accepts)
def rms_norm(x: Tensor, weight: Tensor, eps: float, dtype: torch.dtype) -> Tensor:
    result: Tensor = _RMSNorm.apply(x, weight, eps, dtype)
    return result


class _RMSNorm(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, eps: float, dtype: torch.dtype) -> Tensor:
        rows = flat(x)
        scale = torch.empty(len(rows))
        out = torch.empty(x.shape, dtype=dtype)
        run("rms_norm", rows, pointer(weight), out.view(rows.shape), pointer(scale), *rows.shape, eps)
        ctx.save_for_backward(x, weight, scale)
        return out

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, d_out: Tensor) -> tuple[Tensor, Tensor, None, None]:
        x, weight, scale = ctx.saved_tensors
        rows = flat(x)
        d_x = x.new_empty(x.shape)
        partial = torch.empty(-(-len(rows) // PARTIAL_ROWS), rows.shape[1])
        pointers = pointer(weight), pointer(scale)
        run("rms_norm_backward", rows, *pointers, flat(d_out), d_x.view(rows.shape), pointer(partial), *rows.shape)
        return d_x, partial.sum(0), None, None
