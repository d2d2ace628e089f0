"""Token dispatch of routed experts: rows sorted by expert, one product for each, and the weighted sum back.

Autograd could do it from slices, at a price for each expert: a view of the stack, a padded gradient, a copy into the
joined result. Here every product writes where its result belongs, forward and backward.

    N tokens · K experts per token · M = N·K rows, sorted by expert · E experts · D inputs · O outputs
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from fathom.kernels import matmul, moe


class TokenDispatch:
    """The order of (N, K) choices by expert: ``rows`` (N·K) is the row of each choice, ``sizes`` (E) the number of rows
    of each expert. ``multiple`` pads the rows of an expert with zeros to a multiple of that number.
    """

    def __init__(self, experts: Tensor, count: int, multiple: int = 1) -> None:
        chosen, order = experts.flatten().sort(stable=True)
        sizes = torch.bincount(chosen, minlength=count)
        missing = -sizes % multiple
        before = missing.cumsum(0) - missing  # (E): zeros before an expert's first row
        sorted_rows = torch.arange(len(order), device=order.device) + before[chosen]
        self.rows = torch.empty_like(order).scatter_(0, order, sorted_rows)
        self.sizes = sizes + missing
        self._is_padded = multiple > 1

    @cached_property
    def counts(self) -> list[int]:
        """``sizes`` as numbers; on a GPU the host waits for them."""
        return self.sizes.tolist()

    @property
    def num_rows(self) -> int:
        """M: without padding, known without asking the device."""
        return sum(self.counts) if self._is_padded else len(self.rows)

    def dispatch(self, x: Tensor) -> Tensor:
        """x (N, D), each token once for each of its experts, sorted by expert: (M, D)."""
        return moe.scatter_rows(x, self.rows, self.num_rows)

    def combine(self, rows: Tensor, weights: Tensor) -> Tensor:
        """Σ weight · row over each token's experts: sorted rows (M, D), weights (N, K) float32 → (N, D)."""
        return moe.combine_rows(rows, self.rows, weights)


def grouped_linear(rows: Tensor, dispatch: TokenDispatch, *stacks: Tensor) -> Tensor:
    """Row m of group e times weights[e]ᵀ of each stack (E, O, D), side by side: sorted rows (M, D) → (M, ΣO).

    Weights of another type than the rows' are cast, and their gradient is summed in their own. On a GPU one kernel
    serves bfloat16, where the sizes of the groups never leave the device.
    """
    if rows.device.type == "cuda" and rows.dtype == torch.bfloat16:
        return grouped_linear_on_gpu(rows, dispatch, *stacks)
    result: Tensor = _Grouped.apply(rows, dispatch.counts, *stacks)
    return result


def grouped_linear_on_gpu(rows: Tensor, dispatch: TokenDispatch, *stacks: Tensor) -> Tensor:
    """:func:`grouped_linear` by torch's own operator, which wants one type, and D and O to be multiples of 8."""
    ends = dispatch.sizes.cumsum(0).to(torch.int32)
    result: Tensor = F.grouped_mm(rows, _stack_weights(stacks, rows.dtype).mT, offs=ends)
    return result


def row_multiple(rows: Tensor) -> int:
    """The multiple to pad the rows of an expert to. oneDNN, where it multiplies bfloat16 on the CPU, compiles a product
    for every new number of rows, and experts have other numbers in every step.
    """
    kind = rows.device.type, rows.dtype
    by_onednn = kind == ("cpu", torch.bfloat16) and not matmul.grouped_mm.has_kernel(*kind)
    return 64 if by_onednn and torch.is_grad_enabled() and moe.scatter_rows.has_kernel(*kind) else 1


class _Grouped(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, rows: Tensor, counts: Sequence[int], *stacks: Tensor) -> Tensor:
        weights = _stack_weights(stacks, rows.dtype)  # (E, ΣO, D)
        ctx.save_for_backward(rows, weights)
        ctx.counts = counts
        ctx.heights = [stack.shape[1] for stack in stacks]
        return matmul.grouped_mm(rows, weights.mT, counts)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        rows, weights = ctx.saved_tensors
        gradient = gradients[0].contiguous()
        for_rows = matmul.grouped_mm(gradient, weights, ctx.counts)
        parts = gradient.split(ctx.heights, 1)
        return for_rows, None, *(matmul.grouped_outer(part, rows, ctx.counts) for part in parts)


def _stack_weights(stacks: Sequence[Tensor], dtype: torch.dtype) -> Tensor:
    """Stacks (E, O, D) one above the other, cast: (E, ΣO, D)."""
    cast = [stack.to(dtype) for stack in stacks]
    return cast[0] if len(cast) == 1 else torch.cat(cast, 1)
