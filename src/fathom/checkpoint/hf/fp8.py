"""How a configuration describes FP8 weights, and their decoding while they are read.

A weight (O, I) in E4M3 comes with ``weight_scale_inv`` (⌈O/128⌉, ⌈I/128⌉): despite its name it multiplies (DeepSeek-V3,
section 3.3.2, and the repository's note on FP8 weights). V3.1 stores the scales as powers of two (UE8M0); that changes
their dtype and nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from fathom.base.errors import CheckpointError
from fathom.quant.fp8 import dequantize_fp8

SCALE = "_scale_inv"
"""What the name of a scale has behind the name of its weight."""


@dataclass(frozen=True, slots=True)
class FP8Blocks:
    """The size of a block (rows, columns); None where one scale serves a whole tensor."""

    size: tuple[int, int] | None

    @classmethod
    def from_config(cls, quantization: Mapping[str, Any] | None) -> FP8Blocks | None:
        """From ``quantization_config``; None where there is none. CheckpointError for a scheme other than this."""
        if quantization is None:
            return None
        method = quantization.get("quant_method")
        if method != "fp8" or quantization.get("fmt", "e4m3") != "e4m3":
            raise CheckpointError(
                f"the weights are quantised by {method!r}, which we do not read",
                "choose the bfloat16, the FP8 or a GGUF edition of this model",
            )
        size = quantization.get("weight_block_size")
        if size is None:
            return cls(None)
        if not (isinstance(size, list) and len(size) == 2 and all(type(n) is int and n > 0 for n in size)):
            raise CheckpointError(f"weight_block_size is {size!r}", "it must be two positive numbers, as in [128, 128]")
        return cls((size[0], size[1]))

    def scale_shape(self, shape: tuple[int, ...]) -> tuple[int, ...] | None:
        """The shape of the scales of a weight of ``shape``; None: any single number."""
        if self.size is None:
            return None
        return tuple(-(-length // block) for length, block in zip(shape, self.size, strict=True))

    def decode(self, weight: Tensor, scale: Tensor) -> Tensor:
        """(O, I) FP8 and its scales → (O, I) float32."""
        if self.size is None:
            return weight.float().mul_(scale.float().reshape(()))
        return dequantize_fp8(weight, scale, torch.float32, self.size)
