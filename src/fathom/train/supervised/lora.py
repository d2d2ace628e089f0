"""Low-rank updates (LoRA, DoRA) of frozen weights, applied from outside and merged when training ends.

LoRA (arXiv 2106.09685): W = W₀ + (α/r)·B A, where only A and B learn. DoRA (arXiv 2402.09353, eq. 5): the same sum
gives the direction of each row, and a learned magnitude its length.

A linear layer keeps its class and its ``weight``, which torch's parametrization computes from the parts wherever the
model reads it: so MLA's absorbed form, the engine and merging need no change. The price is that the whole weight
is formed in every forward pass; optimizer state and checkpoints are what low rank saves.

    O outputs · I inputs · r rank
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from fathom.base.errors import ConfigError
from fathom.model.transformer import Transformer
from fathom.train.supervised.config import LoRAConfig


class LowRank(nn.Module):
    """W₀ (O, I) ↦ W₀ + scale · B A. It begins as W₀ itself, because B is zero."""

    def __init__(self, weight: Tensor, rank: int, scale: float) -> None:
        super().__init__()
        rows, columns = weight.shape
        bound = 1 / math.sqrt(columns)
        self.a = nn.Parameter(torch.empty(rank, columns, device=weight.device).uniform_(-bound, bound))
        self.b = nn.Parameter(torch.zeros(rows, rank, device=weight.device))
        self.scale = scale

    def forward(self, weight: Tensor) -> Tensor:
        return torch.addmm(weight, self.b, self.a, alpha=self.scale)


class Directed(LowRank):
    """W₀ ↦ m · V / ‖V‖ by row, V = W₀ + scale · B A. It begins as W₀ itself, because m is the length of W₀'s rows.

    The norm counts as a constant in the gradient (section 4.3), which saves memory and hardly changes the result.
    """

    def __init__(self, weight: Tensor, rank: int, scale: float) -> None:
        super().__init__(weight, rank, scale)
        self.magnitude = nn.Parameter(weight.detach().norm(dim=1))

    def forward(self, weight: Tensor) -> Tensor:
        direction = super().forward(weight)
        length = direction.detach().norm(dim=1).clamp(min=1e-12)
        return direction * (self.magnitude / length)[:, None]


def adapt(model: Transformer, config: LoRAConfig) -> list[str]:
    """Freeze ``model`` and let low-rank updates of its linear layers learn; the names of these layers.

    Raises ConfigError where ``targets`` names none of them.
    """
    model.requires_grad_(False)
    chosen = {
        name: layer
        for name, layer in model.named_modules()
        if isinstance(layer, nn.Linear) and layer is not model.head and _is_target(name, config)
    }
    if not chosen:
        there = sorted({name.rpartition(".")[2] for name, part in model.named_modules() if isinstance(part, nn.Linear)})
        raise ConfigError(
            f"no linear layer is called {', '.join(config.targets or ())}", f"choose among {', '.join(there)}"
        )
    kind = Directed if config.dora else LowRank
    for layer in chosen.values():
        update = kind(layer.weight, config.rank, config.alpha / config.rank)
        parametrize.register_parametrization(layer, "weight", update)
    return list(chosen)


def merge(model: Transformer) -> None:
    """Merge the updates into the weights and remove them: an ordinary model remains."""
    for layer in list(model.modules()):
        if parametrize.is_parametrized(layer):
            parametrize.remove_parametrizations(layer, "weight", leave_parametrized=True)


def _is_target(name: str, config: LoRAConfig) -> bool:
    return config.targets is None or name.rpartition(".")[2] in config.targets
