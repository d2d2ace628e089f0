"""Products of rows, sorted by group, with one matrix a group: what routed experts train with.

Autograd could do it from slices, at a price for each expert: a view of the stack, a padded gradient, a copy into the
joined result. Here every product writes where its result belongs, forward and backward. Rows are moved by gathering
alone: the gradient of a gather is a scatter, which is slow on every device, but where the order is a permutation it is
a gather by the inverse.

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


class Order:
    """How the rows of (N, K) choices are sorted by expert; ``sizes`` (E) says how many each expert has.

    ``multiple`` fills each expert's rows up with zeros, to a multiple of so many.
    """

    def __init__(self, experts: Tensor, count: int, multiple: int = 1) -> None:
        chosen, order = experts.flatten().sort(stable=True)
        sizes = torch.bincount(chosen, minlength=count)
        missing = -sizes % multiple
        before = missing.cumsum(0) - missing  # (E): zeros before an expert's first row
        places = torch.arange(len(order), device=order.device) + before[chosen]
        self.inverse = torch.empty_like(order).scatter_(0, order, places)  # (M,): the row of each choice
        self.sizes = sizes + missing

    @cached_property
    def counts(self) -> list[int]:
        """``sizes`` as numbers; on a GPU the host waits for them."""
        return self.sizes.tolist()

    def spread(self, x: Tensor) -> Tensor:
        """x (N, D), each token once for each of its experts, sorted by expert: (M, D)."""
        return moe.scatter_rows(x, self.inverse, sum(self.counts))

    def combine(self, rows: Tensor, weights: Tensor) -> Tensor:
        """Σ weight · row over each token's experts: sorted rows (M, D), weights (N, K) float32 → (N, D).

        The sum is taken in float32: K rounded terms would lose the least of them in bfloat16.
        """
        return moe.combine_rows(rows, self.inverse, weights)


def grouped_linear(rows: Tensor, order: Order, *stacks: Tensor) -> Tensor:
    """Row m of group e times weights[e]ᵀ of each stack (E, O, D), side by side: sorted rows (M, D) → (M, ΣO).

    Weights of another type than the rows' are cast, and their gradient is summed in their own. On a GPU one kernel
    serves bfloat16, where the sizes of the groups never leave the device.
    """
    if rows.device.type == "cuda" and rows.dtype == torch.bfloat16:
        return on_device(rows, order, *stacks)
    result: Tensor = _Grouped.apply(rows, order.counts, *stacks)
    return result


def on_device(rows: Tensor, order: Order, *stacks: Tensor) -> Tensor:
    """:func:`grouped_linear` by torch's own operator, which wants one type, and D and O to be multiples of 8."""
    ends = order.sizes.cumsum(0).to(torch.int32)
    result: Tensor = F.grouped_mm(rows, _stack_weights(stacks, rows.dtype).mT, offs=ends)
    return result


def evenly(rows: Tensor) -> int:
    """The multiple that sizes of groups are best filled up to. oneDNN, where it multiplies bfloat16 on the CPU,
    compiles a product for every number of rows that it has not met, and sizes of groups are new in every step.
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
