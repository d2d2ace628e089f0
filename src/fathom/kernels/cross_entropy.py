"""Cross entropy and softmax over a vocabulary.

M rows · V vocabulary
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from fathom.kernels.registry import operation, wide_dtype


@operation()
def cross_entropy(logits: Tensor, targets: Tensor) -> Tensor:
    """The sum of -log softmax(logits)[target]: logits (M, V), targets (M) int64, in range → () float32, whatever the
    logits are. Differentiable.
    """
    return F.cross_entropy(logits.to(wide_dtype(logits.dtype)), targets, reduction="sum")


@operation()
def softmax_(
    logits: Tensor, targets: Tensor, *, temperature: float = 1.0, target_offset: float = 0.0, entropy: bool = False
) -> tuple[Tensor, Tensor]:
    """Logits (M, V) become softmax(logits / temperature), ``target_offset`` lower at the targets (M) int64, in place,
    without gradient → log-probabilities of the targets (M) float32, and entropies (M) if asked for, else (0).
    """
    logprobs = (logits.to(wide_dtype(logits.dtype)) / temperature).log_softmax(-1)
    probs = logprobs.exp()
    logits.copy_(probs).scatter_add_(1, targets[:, None], torch.full_like(logits[:, :1], -target_offset))
    entropies = -(logprobs * probs).sum(-1) if entropy else logprobs.new_empty(0)
    return logprobs.gather(1, targets[:, None])[:, 0], entropies


def can_fuse_head(hidden: Tensor, weight: Tensor) -> bool:
    """Whether a loss that turns logits of these into their gradient piece by piece has a fast :func:`softmax_`."""
    served = (softmax_.has_kernel(x.device.type, x.dtype) for x in (hidden, weight))
    return torch.is_grad_enabled() and all(served)
