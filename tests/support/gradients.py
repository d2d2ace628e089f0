"""Values and gradients of a function, to compare two implementations."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor


def outputs(result: Any) -> list[Tensor]:
    """The tensors of a result."""
    return list(result) if isinstance(result, tuple) else [result]


def with_gradients(function: Callable[..., Any], inputs: Sequence[Tensor]) -> list[Tensor]:
    """What ``function`` returns of ``inputs``, then the gradients of a weighted sum of it by each of them."""
    leaves = [x.detach().requires_grad_() for x in inputs]
    outs = outputs(function(*leaves))
    weights = [torch.linspace(-1, 1, x.numel(), dtype=torch.float64).view(x.shape).to(x.dtype) for x in outs]
    return [*outs, *torch.autograd.grad(outs, leaves, weights)]
