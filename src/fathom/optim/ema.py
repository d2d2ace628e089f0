"""An exponential moving average of the weights, which often evaluates better than their last state (V3, section 3.2.3:
kept in CPU memory for an early estimate of the performance after decay).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor, nn


class EMA:
    """Averages every trainable parameter; ``device`` says where, the model's own if None.

    The decay of update n is min(decay, (1 + n) / (10 + n)), so that a short run is not dominated by its start.
    """

    def __init__(self, model: nn.Module, decay: float, device: torch.device | None = None) -> None:
        self.decay = decay
        self.updates = 0
        self.average = {name: p.detach().to(device, copy=True) for name, p in _trainable_parameters(model)}

    @torch.no_grad()
    def update(self, model: nn.Module) -> None:
        """Take in the weights as they are now."""
        decay = min(self.decay, (1 + self.updates) / (10 + self.updates))
        self.updates += 1
        for name, parameter in _trainable_parameters(model):
            average = self.average[name]
            average.lerp_(parameter.detach().to(average.device), 1.0 - decay)

    @contextmanager
    def swap(self, model: nn.Module) -> Iterator[None]:
        """Inside the block the model holds the average; afterwards its own weights again."""
        self._exchange(model)
        try:
            yield
        finally:
            self._exchange(model)

    @torch.no_grad()
    def _exchange(self, model: nn.Module) -> None:
        for name, parameter in _trainable_parameters(model):
            own = parameter.detach().to(self.average[name].device, copy=True)
            parameter.copy_(self.average[name])
            self.average[name] = own

    def state_dict(self) -> dict[str, object]:
        return {"updates": self.updates, "average": self.average}

    def load_state_dict(self, state: Mapping[str, object]) -> None:
        average, updates = state["average"], state["updates"]
        assert isinstance(average, Mapping)
        assert isinstance(updates, int)
        self.updates = updates
        for name, held in self.average.items():
            held.copy_(average[name])


def _trainable_parameters(model: nn.Module) -> Iterator[tuple[str, Tensor]]:
    return ((name, parameter) for name, parameter in model.named_parameters() if parameter.requires_grad)
