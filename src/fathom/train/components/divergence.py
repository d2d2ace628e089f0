"""Divergence: detected before the optimizer's update, with the tensor in which it begins.

A non-finite loss or gradient must not reach the optimizer: one update later every weight is lost. A spike is
finite and poisons more slowly. Either way the run stops before the update, and its last checkpoint is good.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn

from fathom.base.errors import FathomError

NOWHERE = "no single tensor: a sum overflowed"
"""What :func:`culprit` returns where every tensor is finite."""


class DivergedError(FathomError):
    """Training produced a non-finite loss or gradient, or a spike."""


class SpikeDetector:
    """``spike`` nats above the mean of the last ``window`` losses; None never fires, nor does a window half empty."""

    def __init__(self, window: int, spike: float | None) -> None:
        self._recent: deque[float] = deque(maxlen=window)
        self._spike = spike

    def fires(self, loss: float) -> bool:
        """Whether ``loss`` is a spike; if not, it joins the window."""
        full = len(self._recent) == self._recent.maxlen
        if self._spike is not None and full and loss > sum(self._recent) / len(self._recent) + self._spike:
            return True
        self._recent.append(loss)
        return False


def culprit(model: nn.Module, forward: Callable[[], object]) -> str:
    """The place of the first non-finite value, for an error: a weight, else the output of a module as ``forward`` runs,
    else a gradient.
    """
    for name, parameter in model.named_parameters():
        if not torch.isfinite(parameter).all():
            return f"the weight {name}"
    if part := _first_output(model, forward):
        return f"the output of {part}"
    broken = [
        name
        for name, parameter in model.named_parameters()
        if parameter.grad is not None and not torch.isfinite(parameter.grad).all()
    ]
    if broken:  # the backward pass comes from the end of the model
        others = f" (and of {len(broken) - 1} before it)" if len(broken) > 1 else ""
        return f"the gradient of {broken[-1]}{others}"
    return NOWHERE


def steepest(model: nn.Module) -> str:
    """The weight whose gradient is largest relative to itself (by root mean square)."""
    largest = ("no gradient", -math.inf)
    for name, parameter in model.named_parameters():
        if parameter.grad is not None:
            ratio = float(parameter.grad.norm() / (parameter.detach().norm() + 1e-12))
            largest = max(largest, (name, ratio), key=lambda pair: pair[1])
    return f"the gradient of {largest[0]}"


@torch.no_grad()
def _first_output(model: nn.Module, forward: Callable[[], object]) -> str | None:
    """Modules finish inside out, so the first broken output belongs to the smallest part that breaks."""
    outputs: list[str] = []

    def hook_of(name: str) -> Callable[[nn.Module, object, object], None]:
        def hook(_module: nn.Module, _inputs: object, output: object) -> None:
            if not outputs and any(not torch.isfinite(tensor).all() for tensor in _floats(output)):
                outputs.append(name)

        return hook

    handles = [part.register_forward_hook(hook_of(name)) for name, part in model.named_modules() if name]
    try:
        forward()
    finally:
        for handle in handles:
            handle.remove()
    return outputs[0] if outputs else None


def _floats(output: object) -> Iterator[Tensor]:
    if isinstance(output, Tensor) and output.is_floating_point():
        yield output
    elif isinstance(output, tuple):
        for item in output:
            yield from _floats(item)
