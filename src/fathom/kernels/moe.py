"""Rows of a mixture of experts: each token's row to its experts, and the weighted sum of what comes back.

N tokens · K experts per token · D channels · M rows, sorted by expert
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from fathom.kernels.registry import operation


@operation()
def scatter_rows(x: Tensor, places: Tensor, rows: int) -> Tensor:
    """Row n of x (N, D) to each of its places (N·K) int64, all different → (rows, D), zero elsewhere. Differentiable,
    at least once.
    """
    result: Tensor = _Scatter.apply(x, places, rows)
    return result


@operation()
def combine_rows(rows: Tensor, places: Tensor, weights: Tensor) -> Tensor:
    """Σ_k weights[n, k] · rows[places[n·K + k]]: rows (M, D), weights (N, K) float32 → (N, D) in the rows' type.

    The sum is taken in float32: K rounded terms would lose the least of them in bfloat16. Differentiable, at least
    once.
    """
    gathered: Tensor = _Gather.apply(rows, places)
    wide = gathered.view(*weights.shape, rows.shape[1]).to(weights.dtype)  # (N, K, D)
    return (wide * weights[..., None]).sum(1).to(rows.dtype)


class _Scatter(torch.autograd.Function):
    """Places are all different, so neither direction adds up at one address, which is slow on every device."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, places: Tensor, rows: int) -> Tensor:
        ctx.save_for_backward(places)
        ctx.shape = len(x), len(places) // max(1, len(x)), x.shape[1]  # N, K, D
        choices = x[:, None].expand(ctx.shape).reshape(-1, x.shape[1])
        return x.new_zeros(rows, x.shape[1]).index_copy_(0, places, choices)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:
        (places,) = ctx.saved_tensors
        return gradients[0].index_select(0, places).view(ctx.shape).sum(1), None, None


class _Gather(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, rows: Tensor, places: Tensor) -> Tensor:
        ctx.save_for_backward(places)
        ctx.count = len(rows)
        return rows.index_select(0, places)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        (places,) = ctx.saved_tensors
        gradient = gradients[0]
        return gradient.new_zeros(ctx.count, gradient.shape[1]).index_copy_(0, places, gradient), None
