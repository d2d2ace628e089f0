"""Trainable state: a checkpoint leaves out frozen weights, which the run can load again.

Low-rank updates of a large model are small, and so should be the state of such a run. The hash of
what is left out is stored: with a changed base, the same updates would make another model.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import torch
from torch import Tensor, nn

from fathom.base.errors import CheckpointError


def trainable_state(model: nn.Module) -> dict[str, Tensor]:
    """The state of ``model`` without its frozen parameters."""
    frozen = _frozen(model)
    return {name: tensor for name, tensor in model.state_dict().items() if name not in frozen}


def load_trainable_state(model: nn.Module, state: Mapping[str, Tensor]) -> None:
    """Load what :func:`trainable_state` returned. Raises CheckpointError where it belongs to another model."""
    missing, unexpected = model.load_state_dict(dict(state), strict=False)
    wrong = [*unexpected, *(set(missing) - _frozen(model))]
    if wrong:
        raise CheckpointError(
            f"the checkpoint is that of another model: {', '.join(sorted(wrong)[:3])}",
            "resume with the configuration of the run",
        )


def fingerprint(model: nn.Module) -> str | None:
    """The hash of the frozen parameters; None where nothing is frozen."""
    frozen = _frozen(model)
    if not frozen:
        return None
    digest = hashlib.sha256()
    for name, tensor in model.state_dict().items():
        if name in frozen:
            digest.update(name.encode())
            digest.update(tensor.detach().cpu().contiguous().flatten().view(torch.uint8).numpy().data)
    return digest.hexdigest()


def _frozen(model: nn.Module) -> set[str]:
    return {name for name, parameter in model.named_parameters() if not parameter.requires_grad}
