"""Cross entropy fused with the output head: the logits of a few rows at a time, and their gradient at once.

Whole logits and their gradient are far larger than the hidden states. Here one buffer serves all rows: the product with
the head fills it, one pass turns it into the loss and the gradient, and two products use that immediately. It saves
memory; no gain in time was measured at a vocabulary of 4096. A loss that is a sum has one factor for all rows, so the
gradients may wait for it.

    M rows · D hidden · V vocabulary
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from fathom.kernels.cross_entropy import can_fuse_head, softmax_
from fathom.kernels.matmul import add_mm, mm
from fathom.model.modules import Linear, matmul_dtype
from fathom.model.transformer import Transformer

_ROWS = 512
"""Rows whose logits are made at once. Every product passes over the whole head: with few rows it waits for memory."""


def weight_of(model: Transformer, hidden: Tensor) -> Tensor | None:
    """The head's (V, D) where it is an ordinary layer and :func:`cross_entropy` supports it; else None."""
    if model.head is not None and type(model.head) is not Linear:
        return None  # it was replaced
    if model.config.logit_softcap is not None:
        return None
    weight = model.embed.weight if model.head is None else model.head.weight
    return weight if can_fuse_head(hidden, weight) else None


def cross_entropy(hidden: Tensor, weight: Tensor, targets: Tensor, *, best: bool = False) -> tuple[Tensor, Tensor]:
    """The sum of -log softmax(hidden weightᵀ)[target], () float32, and the likeliest tokens: (M) if ``best``, else (0).

    hidden (M, D), weight (V, D), targets (M) int64. Its backward can be called once.
    """
    loss, likeliest = _CrossEntropy.apply(hidden, weight, targets, matmul_dtype(hidden), best)
    return loss, likeliest


class _CrossEntropy(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, hidden: Tensor, weight: Tensor, targets: Tensor, dtype: torch.dtype, best: bool
    ) -> tuple[Tensor, Tensor]:
        rows, matrix, count = hidden.to(dtype), weight.to(dtype), len(hidden)
        buffer = rows.new_empty(min(count, _ROWS), len(matrix))
        for_rows, for_matrix = torch.empty_like(rows), torch.zeros(matrix.shape)
        loss, likeliest = torch.zeros(()), targets.new_empty(count if best else 0)
        for start in range(0, count, _ROWS):
            part = slice(start, min(start + _ROWS, count))
            logits = mm(rows[part], matrix.t(), out=buffer[: part.stop - start])
            if best:
                likeliest[part] = logits.argmax(-1)
            loss -= softmax_(logits, targets[part], target_offset=1.0)[0].sum()
            if ctx.needs_input_grad[0]:
                mm(logits, matrix, out=for_rows[part])
            if ctx.needs_input_grad[1]:
                add_mm(for_matrix, logits.t(), rows[part])
        ctx.gradients = for_rows.to(hidden.dtype), for_matrix.to(weight.dtype)
        ctx.mark_non_differentiable(likeliest)
        return loss, likeliest

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor, None, None, None]:
        for_hidden, for_weight = ctx.gradients
        ctx.gradients = None  # scaled in place
        return for_hidden.mul_(gradients[0]), for_weight.mul_(gradients[0]), None, None, None
