"""The optimizers of one model behind one face: the loop takes a step and need not know how many there are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from fathom.base.device import pick_dtype
from fathom.base.errors import CheckpointError, ConfigError
from fathom.optim.adamw import adamw
from fathom.optim.clip import clip
from fathom.optim.config import OptimConfig
from fathom.optim.groups import Groups, group
from fathom.optim.muon import Muon


def build(model: nn.Module, config: OptimConfig) -> Optimizers:
    """Optimizers for every parameter of ``model`` that asks for a gradient, on any device."""
    groups = group(model)
    parts: dict[str, torch.optim.Optimizer] = {}
    if config.muon is not None and groups.matrices:
        dtype = pick_dtype(config.muon.dtype, groups.matrices[0][1].device)
        parts["muon"] = Muon(groups.matrices, config.muon, dtype)
        groups = Groups((), groups.embeddings, groups.vectors)
    if groups.matrices or groups.embeddings or groups.vectors:
        parts["adamw"] = adamw(config.adamw, groups)
    return Optimizers(parts, config)


class Optimizers:
    """``parts`` by name, each over parameters of its own.

    ``step`` clips, sets the rates and moves the weights; it answers with the norm of the gradient before clipping. A
    norm that is not finite moves nothing: the caller decides what to do.
    """

    def __init__(self, parts: Mapping[str, torch.optim.Optimizer], config: OptimConfig) -> None:
        if not parts:
            raise ConfigError("no parameter asks for a gradient", "unfreeze what should be trained")
        self.parts = dict(parts)
        self.config = config

    @property
    def parameters(self) -> list[Tensor]:
        return [p for part in self.parts.values() for shared in part.param_groups for p in shared["params"]]

    def step(self, factor: float = 1.0) -> float:
        """One update at ``factor`` times the configured rates."""
        norm = float(clip(self.parameters, self.config.clip))
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
