"""The optimizers of one model as one object: AdamW, beside Muon where configured, with clipping and scheduled rates."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from fathom.base.device import pick_dtype
from fathom.base.errors import CheckpointError, ConfigError
from fathom.optim.config import AdamWConfig, OptimConfig
from fathom.optim.groups import ParameterGroups, group_parameters
from fathom.optim.muon import Muon


def build_optimizers(model: nn.Module, config: OptimConfig) -> Optimizers:
    """Optimizers for every parameter of ``model`` that asks for a gradient, on any device."""
    groups = group_parameters(model)
    parts: dict[str, torch.optim.Optimizer] = {}
    if config.muon is not None and groups.matrices:
        dtype = pick_dtype(config.muon.dtype, groups.matrices[0][1].device)
        parts["muon"] = Muon(groups.matrices, config.muon, dtype)
        groups = ParameterGroups((), groups.embeddings, groups.vectors)
    if groups.matrices or groups.embeddings or groups.vectors:
        parts["adamw"] = adamw(config.adamw, groups)
    return Optimizers(parts, config)


class Optimizers:
    """``parts`` by name, each over parameters of its own.

    ``step`` clips, sets the rates and updates the weights; it returns the norm of the gradient before clipping. Where
    the norm is not finite, no weight changes: the caller decides what to do.
    """

    def __init__(self, parts: Mapping[str, torch.optim.Optimizer], config: OptimConfig) -> None:
        if not parts:
            raise ConfigError("no parameter requires a gradient", "unfreeze what should be trained")
        self.parts = dict(parts)
        self.config = config

    @property
    def parameters(self) -> list[Tensor]:
        return [p for part in self.parts.values() for shared in part.param_groups for p in shared["params"]]

    def step(self, factor: float = 1.0) -> float:
        """One update at ``factor`` times the configured rates."""
        norm = float(clip_gradients(self.parameters, self.config.clip))
        if norm - norm != 0.0:  # inf or NaN
            return norm
        for part in self.parts.values():
            for shared in part.param_groups:
                shared["lr"] = shared["base_lr"] * factor
            part.step()
        return norm

    def zero_grad(self) -> None:
        """Forget the gradients, and their memory."""
        for part in self.parts.values():
            part.zero_grad(set_to_none=True)

    def state_dict(self) -> dict[str, Any]:
        """By part, as torch lays it out; each group names its parameters."""
        return {name: part.state_dict() for name, part in self.parts.items()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Raises CheckpointError where the state belongs to other parameters."""
        if state.keys() != self.parts.keys():
            raise CheckpointError(
                f"the optimizer state is that of {', '.join(state)}, not of {', '.join(self.parts)}",
                "resume with the configuration of the run",
            )
        for name, part in self.parts.items():
            stored = [shared.get("param_names") for shared in state[name]["param_groups"]]
            if stored != [shared.get("param_names") for shared in part.param_groups]:
                raise CheckpointError(
                    f"the state of {name} belongs to other parameters", "resume with the configuration of the run"
                )
            part.load_state_dict(state[name])


def adamw(config: AdamWConfig, groups: ParameterGroups) -> torch.optim.AdamW:
    """AdamW (arXiv 1711.05101), torch's fused kernel: one pass over weight, gradient and both moments, not a dozen.

    Groups without parameters are left out. Each keeps its unscheduled rate as ``base_lr``.
    """
    table_lr = config.peak_lr if config.embedding_lr is None else config.embedding_lr
    param_groups: list[dict[str, Any]] = [
        {"params": list(named), "lr": lr, "base_lr": lr, "weight_decay": decay}
        for named, lr, decay in (
            (groups.matrices, config.peak_lr, config.weight_decay),
            (groups.embeddings, table_lr, config.weight_decay),
            (groups.vectors, config.peak_lr, 0.0),
        )
        if named
    ]
    return torch.optim.AdamW(param_groups, lr=config.peak_lr, betas=config.betas, eps=config.eps, fused=True)


@torch.no_grad()
def clip_gradients(parameters: Iterable[Tensor], bound: float | None) -> Tensor:
    """The Euclidean norm over all gradients as it was, a float32 scalar; beyond ``bound``, they are scaled down to it
    (V3, section 4.2: 1.0).

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
