"""Access to the keys of a checkpoint's configuration, as a family's readers need it.

`fathom.checkpoint.hf` and `fathom.checkpoint.gguf` implement these protocols; a missing or malformed key raises
ConfigError there.
"""

from __future__ import annotations

import math
from collections.abc import Collection
from typing import Any, Protocol

from fathom.base.errors import ConfigError
from fathom.model.layer_config import RopeConfig, YarnScaling


class HFKeys(Protocol):
    """The keys of a ``config.json``; each is marked as known when it is read."""

    def get(self, key: str, default: Any = None) -> Any: ...

    def need(self, key: str) -> Any: ...

    def ignore(self, *keys: str) -> None:
        """Mark keys as known whose values follow from others."""
        ...


class GGUFKeys(Protocol):
    """The metadata under an architecture's prefix, and the names of the file's tensors."""

    prefix: str
    tensors: Collection[str]

    def get(self, key: str, default: Any = None) -> Any: ...

    def need(self, key: str) -> Any: ...

    def number(self, key: str, default: int | None = None) -> int: ...


def rotary_channels(keys: HFKeys, head_dim: int) -> int | None:
    """The rotated channels of a head; None where all are."""
    channels = int(head_dim * _partial_rotary_factor(keys))
    return None if channels == head_dim else channels


def refuse_partial_rotary(keys: HFKeys) -> None:
    """For families whose readers rotate whole heads, whatever the file says."""
    factor = _partial_rotary_factor(keys)
    if factor != 1:
        raise ConfigError(
            f"config.json says partial_rotary_factor = {factor!r}, which this architecture does not have",
            "choose another model",
        )


def _partial_rotary_factor(keys: HFKeys) -> Any:
    """Transformers 5 has it among ``rope_parameters``."""
    stated = keys.get("partial_rotary_factor", 1.0)
    return (keys.get("rope_parameters") or {}).get("partial_rotary_factor", stated)


def rotary_factor(channels: int, head_dim: int) -> float:
    """The ``partial_rotary_factor`` from which readers get ``channels`` again, who round down."""
    factor = channels / head_dim
    return factor if int(head_dim * factor) == channels else math.nextafter(factor, 2)


def decimal(value: Any) -> float:
    """The decimal number that was meant: GGUF stores float32, in which 1e-5 reads 9.999999747378752e-06."""
    return float(f"{value:.7g}") if isinstance(value, float | int) else math.nan


def extended_context(stated: int, rope: RopeConfig) -> int:
    """The context of a model whose files state ``stated`` positions.

    Qwen's cards ask users to add YaRN to the configuration and to leave the stated length at the original one; the
    context is then factor · original.
    """
    scaling = rope.scaling
    if isinstance(scaling, YarnScaling) and stated <= scaling.original_max_position:
        return round(scaling.factor * scaling.original_max_position)
    return stated
