"""Log-probabilities of given tokens, and entropies, with one table of the size of the logits.

For a vocabulary of fifty thousand the logits of a batch are far larger than its model, and written out plainly they
pass through memory a dozen times, forward and backward. Here the logits become probabilities in place: the gradient of
log p(t) is onehot(t) - p, so the backward pass is two products with that table. Recomputing it instead would save the
memory, and cost a third product.

    M tokens · D hidden · V vocabulary
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from fathom.kernels.cross_entropy import softmax_
from fathom.kernels.matmul import mm

_ROWS = 512
"""Tokens whose logits are computed at once. Every product reads the whole head: with few rows it waits for memory."""


def token_logprobs(hidden: Tensor, weight: Tensor, tokens: Tensor, temperature: float = 1.0) -> tuple[Tensor, Tensor]:
    """Log-probabilities (M) of ``tokens`` (M), and entropies (M) without gradient, both of softmax(hidden weightᵀ /
    ``temperature``) in float32. hidden (M, D), weight (V, D).
    """
    with torch.autocast(hidden.device.type, enabled=False):
        logprobs, entropies = _TokenLogprobs.apply(hidden.float(), weight.float(), tokens, temperature)
    return logprobs, entropies


class _TokenLogprobs(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, hidden: Tensor, weight: Tensor, tokens: Tensor, temperature: float) -> tuple[Tensor, Tensor]:
        count, vocab = len(hidden), len(weight)
        keep = any(ctx.needs_input_grad)
        rows = count if keep else min(count, _ROWS)  # at once
        probs = hidden.new_empty(rows, vocab)
        logprobs, entropies = hidden.new_empty(count), hidden.new_empty(count)
        for start in range(0, count, max(1, rows)):
            part = slice(start, min(start + rows, count))
            out = mm(hidden[part], weight.t(), out=probs[: part.stop - start])
            logprobs[part], entropies[part] = softmax_(out, tokens[part], temperature=temperature, entropy=True)
        ctx.save_for_backward(hidden, weight, tokens, probs)
        ctx.temperature = temperature
        ctx.mark_non_differentiable(entropies)
        return logprobs, entropies

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, Tensor | None, None, None]:
        hidden, weight, tokens, probs = ctx.saved_tensors
        gradient = (gradients[0] / ctx.temperature)[:, None]  # (M, 1) of the token's logit
        hidden_gradient = weight_gradient = None
        if ctx.needs_input_grad[0]:
            hidden_gradient = gradient * (weight.index_select(0, tokens) - mm(probs, weight))
        if ctx.needs_input_grad[1]:
            scaled = gradient * hidden
            weight_gradient = mm(probs.t(), -scaled).index_add_(0, tokens, scaled)
        return hidden_gradient, weight_gradient, None, None
