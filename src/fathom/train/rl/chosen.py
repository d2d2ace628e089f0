"""Log-probabilities of chosen tokens, and entropies, without ever holding all log-probabilities at once.

For a vocabulary of fifty thousand the logits of a batch are far larger than its model, and written out plainly they
pass through memory a dozen times, forward and backward. Here they are made a few rows at a time, while the cache still
holds them, and one table is kept, of probabilities: the gradient of log p(t) is onehot(t) - p, so the backward is two
products with that table. Recomputing it instead would save the memory, and cost a third product.

    M tokens · D hidden · V vocabulary
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

_CACHED = 1 << 21
"""Numbers of the logits that are worked on at once: 8 MB."""


def chosen_logprobs(hidden: Tensor, weight: Tensor, tokens: Tensor, temperature: float = 1.0) -> tuple[Tensor, Tensor]:
    """Log-probabilities (M) of ``tokens`` (M), and entropies (M) without gradient, both of softmax(hidden weightᵀ /
    ``temperature``) in float32. hidden (M, D), weight (V, D).
    """
    with torch.autocast(hidden.device.type, enabled=False):
        taken, entropies = _Chosen.apply(hidden.float(), weight.float(), tokens, temperature)
    return taken, entropies


class _Chosen(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, hidden: Tensor, weight: Tensor, tokens: Tensor, temperature: float) -> tuple[Tensor, Tensor]:
        count, vocab = len(hidden), len(weight)
        keep = any(ctx.needs_input_grad)
        probs = hidden.new_empty(count if keep else 0, vocab)  # (M, V)
        taken, entropies = hidden.new_empty(count), hidden.new_empty(count)
        rows = max(1, _CACHED // vocab)
        logprobs = hidden.new_empty(min(rows, count), vocab)
        for start in range(0, count, rows):
            part = slice(start, min(start + rows, count))
            out = logprobs[: part.stop - start]
            torch.mm(hidden[part], weight.t(), out=out)
            if temperature != 1:
                out /= temperature
            out = out.log_softmax(-1)
            taken[part] = out.gather(1, tokens[part, None])[:, 0]
            own = torch.exp(out, out=probs[part]) if keep else out.exp()
            entropies[part] = -out.mul_(own).sum(-1)
        ctx.save_for_backward(hidden, weight, tokens, probs)
        ctx.temperature = temperature
        ctx.mark_non_differentiable(entropies)
        return taken, entropies

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, Tensor | None, None, None]:
        hidden, weight, tokens, probs = ctx.saved_tensors
        gradient = (gradients[0] / ctx.temperature)[:, None]  # (M, 1) of the chosen logit
        for_hidden = for_weight = None
        if ctx.needs_input_grad[0]:
            for_hidden = gradient * (weight.index_select(0, tokens) - probs @ weight)
        if ctx.needs_input_grad[1]:
            scaled = gradient * hidden
            for_weight = (probs.t() @ scaled).neg_().index_add_(0, tokens, scaled)
        return for_hidden, for_weight, None, None
