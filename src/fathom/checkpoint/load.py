"""Filling a model from stored weights, one tensor at a time: memory holds the model and the tensor at hand.

The plan is made before anything is allocated. It names every tensor that is missing, unexpected or of the wrong shape
at once, because someone who mends a checkpoint wants the list and not its first line.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from fathom.base.errors import CheckpointError
from fathom.base.progress import Report, silent
from fathom.checkpoint.layouts import fits, joined_shape, put, stored_shape
from fathom.checkpoint.names import NameTable, Place
from fathom.model.config import ModelConfig
from fathom.model.families.tensor_names import Layout
from fathom.model.transformer import Transformer

_SHOWN = 20


class Weights(Protocol):
    """Stored tensors by their own names: ``SafetensorsWeights`` and ``GGUFWeights``.

    ``read`` gives one in a floating dtype, decoded, in memory of its own.
    """

    @property
    def shapes(self) -> Mapping[str, tuple[int, ...]]:
        """Every tensor that holds weights, and its shape after decoding."""
        ...

    def read(self, name: str) -> Tensor: ...


Step = tuple[str, tuple[Place, ...]]


@dataclass(frozen=True, slots=True)
class LoadPlan:
    """Which stored tensor goes where, in the order in which they lie; to several places by its rows."""

    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Mismatch:
    """What keeps stored weights from fitting a model. Empty lists: they fit."""

    missing: tuple[str, ...] = ()
    unexpected: tuple[str, ...] = ()
    misshapen: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        return not (self.missing or self.unexpected or self.misshapen)

    def __str__(self) -> str:
        parts = (("missing", self.missing), ("unexpected", self.unexpected), ("of the wrong shape", self.misshapen))
        return "; ".join(f"{len(names)} {what}: {_name_list(names)}" for what, names in parts if names)


def make_plan(model: Transformer, weights: Weights, table: NameTable) -> tuple[LoadPlan, Mismatch]:
    """Match ``weights`` with the parameters of ``model`` (which may be on the meta device)."""
    config = model.config
    parameters = {name: tuple(tensor.shape) for name, tensor in model.state_dict().items()}
    steps: list[Step] = []
    unexpected: list[str] = []
    misshapen: list[str] = []
    for stored, shape in weights.shapes.items():
        places = table.to_ours(stored, config.num_layers)
        if not places or any(place.name not in parameters and not _is_copy(place, config) for place in places):
            unexpected.append(stored)
            continue
        if any(place.layout is Layout.COPY or place.name not in parameters for place in places):
            continue
        shapes = [parameters[place.name] for place in places]
        if places[0].expert is not None and places[0].expert >= shapes[0][0]:
            unexpected.append(stored)
        elif not fits(shape, places, shapes, config):
            pairs = zip(places, shapes, strict=True)
            expected = joined_shape([stored_shape(place, whole, config) for place, whole in pairs])
            misshapen.append(f"{stored} is {_shape(shape)} instead of {_shape(expected)}")
        else:
            steps.append((stored, places))
    missing = _missing(parameters, weights.shapes.keys(), table, config)
    return LoadPlan(tuple(steps)), Mismatch(tuple(missing), tuple(unexpected), tuple(misshapen))


def load(model: Transformer, weights: Weights, table: NameTable, *, where: object, report: Report = silent) -> None:
    """Fill ``model``, whose memory is allocated, from ``weights``. ``where`` names them in errors.

    Raises CheckpointError where they do not fit, or hold NaN or infinity.
    """
    fill(model, weights, checked_plan(model, weights, table, where=where).steps, where=where, report=report)


def checked_plan(model: Transformer, weights: Weights, table: NameTable, *, where: object) -> LoadPlan:
    """The plan of :func:`make_plan`; CheckpointError where ``weights`` do not fit ``model``."""
    plan, mismatch = make_plan(model, weights, table)
    if not mismatch.is_empty:
        raise CheckpointError(
            f"the weights in {where} do not fit the configuration: {mismatch}",
            "use the configuration that belongs to these weights, or download both again",
        )
    return plan


@torch.no_grad()
def fill(
    model: Transformer, weights: Weights, steps: Sequence[Step], *, where: object, report: Report = silent
) -> None:
    """Carry out the steps of a plan."""
    parameters = model.state_dict()
    broken: list[str] = []
    for done, (stored, places) in enumerate(steps):
        report("loading the weights", done / len(steps))
        tensor = weights.read(stored)
        if not torch.isfinite(tensor.sum(dtype=torch.float32)) and not torch.isfinite(tensor).all():
            broken.append(stored)
        targets = [parameters[place.name] for place in places]
        parts = (tensor,) if len(places) == 1 else tensor.split([len(target) for target in targets])
        for part, target, place in zip(parts, targets, places, strict=True):
            put(part, target, place, model.config)
    if broken:
        raise CheckpointError(
            f"{where} holds NaN or infinity in {len(broken)} tensors: {_name_list(broken)}",
            "the checkpoint is damaged or its training diverged: download it again or take an earlier one",
        )
    report("loading the weights", 1.0)


def _is_copy(place: Place, config: ModelConfig) -> bool:
    """Repetitions of what is held once: tied heads, and embedding and head beside an MTP module."""
    return place.layout is Layout.COPY or (place.name == "head.weight" and config.tie_embeddings)


def _missing(parameters: Iterable[str], stored: Collection[str], table: NameTable, config: ModelConfig) -> list[str]:
    """Stored names that should be there: for each parameter, what its most complete form lacks."""
    experts = config.moe.num_experts if config.moe else 0
    missing: list[str] = []
    for ours in parameters:
        forms = table.to_theirs(ours, config.num_layers, experts)
        lacking = [[name for name, _ in form if name not in stored] for form in forms]
        missing += sorted(lacking, key=len)[0]
    return missing


def _name_list(names: Sequence[str]) -> str:
    rest = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {rest} more" if rest > 0 else "")


def _shape(shape: tuple[int, ...]) -> str:
    return "×".join(map(str, shape)) or "a scalar"
