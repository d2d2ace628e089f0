"""Access to the keys of a checkpoint's configuration, as a family's readers need it.

`fathom.checkpoint.hf` and `fathom.checkpoint.gguf` implement these protocols; a missing or malformed key raises
ConfigError there.
"""

from __future__ import annotations

import math
from collections.abc import Collection
from typing import Any, Protocol

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
