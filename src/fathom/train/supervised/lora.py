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
from contextlib import AbstractContextManager

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from fathom.base.errors import ConfigError
from fathom.checkpoint.hf.directory import table_for
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

    ``targets`` are our names, or those of transformers. Raises ConfigError for each that names no layer.
    """
    layers = {
        name: layer for name, layer in model.named_modules() if isinstance(layer, nn.Linear) and layer is not model.head
    }
    names = {name: _names(name, model) for name in layers}
    wanted = set(config.targets or ())
    known = set().union(*names.values())
    if unknown := sorted(wanted - known):
        raise ConfigError(f"no linear layer is called {', '.join(unknown)}", f"choose among {', '.join(sorted(known))}")
    model.requires_grad_(False)
    chosen = {name: layer for name, layer in layers.items() if config.targets is None or wanted & names[name]}
    kind = Directed if config.dora else LowRank
    for layer in chosen.values():
        update = kind(layer.weight, config.rank, config.alpha / config.rank)
        parametrize.register_parametrization(layer, "weight", update)
    return list(chosen)


def _names(name: str, model: Transformer) -> set[str]:
    """The last part of a layer's name, ours and transformers': ``gate`` and ``gate_proj``."""
    theirs = table_for(model.config).to_theirs(f"{name}.weight", model.config.num_layers)[0]
    stored = {weight.removesuffix(".weight").rpartition(".")[2] for weight, _ in theirs}
    return {name.rpartition(".")[2], *stored}


def cached_weights() -> AbstractContextManager[None]:
    """Within it every weight with an update is formed once. For sampling, which reads weights for every token; not
    where updates learn in between. It holds for the whole process.
    """
    return parametrize.cached()


def merge(model: Transformer) -> None:
    """Merge the updates into the weights and remove them: an ordinary model remains."""
    for layer in list(model.modules()):
        if parametrize.is_parametrized(layer):
            parametrize.remove_parametrizations(layer, "weight", leave_parametrized=True)
