"""The norm of the whole gradient, and its bound (V3, section 4.2: 1.0)."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor


@torch.no_grad()
def clip(parameters: Iterable[Tensor], bound: float | None) -> Tensor:
    """The Euclidean norm over all gradients as it was, a float32 scalar; beyond ``bound``, they are scaled down to it.

    A norm that is not finite leaves the gradients as they are, to be examined: scaling by it would spread NaN from one
    tensor to all.
    """
    gradients = [parameter.grad for parameter in parameters if parameter.grad is not None]
    if not gradients:
        return torch.zeros(())
    norms = torch.stack([norm.float() for norm in torch._foreach_norm(gradients)])
    total = torch.linalg.vector_norm(norms)
    if bound is not None and torch.isfinite(total) and total > bound:
        torch._foreach_mul_(gradients, bound / total)
    return total
