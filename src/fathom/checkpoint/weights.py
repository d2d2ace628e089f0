"""What a loader needs to know of stored weights, whether they lie in safetensors or in a GGUF file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from torch import Tensor


class Weights(Protocol):
    """Stored tensors by their own names. ``read`` gives one in a floating dtype, decoded, in memory of its own."""

    @property
    def shapes(self) -> Mapping[str, tuple[int, ...]]:
        """Every tensor that holds weights, and its shape after decoding."""
        ...

    def read(self, name: str) -> Tensor: ...
