"""Block-quantised FP8 weights, as DeepSeek publishes V3 and R1, decoded while they are read.

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
        """(O, I) FP8 and its scales → (O, I) float32. Works block row by block row, so that little more is held."""
        scales = scale.float()
        decoded = weight.float()
        if self.size is None:
            return decoded.mul_(scales.reshape(()))
        rows, columns = self.size
        for index, start in enumerate(range(0, weight.shape[0], rows)):
            factors = scales[index].repeat_interleave(columns)[: weight.shape[1]]  # (I,)
            decoded[start : start + rows] *= factors
        return decoded


def encode(weight: Tensor, size: tuple[int, int] = (128, 128)) -> tuple[Tensor, Tensor]:
    """(O, I) → FP8 and its scales: the inverse of ``decode`` up to rounding, with the largest of a block at 448."""
    rows, columns = size
    limit = torch.finfo(torch.float8_e4m3fn).max
    scales = torch.empty(-(-weight.shape[0] // rows), -(-weight.shape[1] // columns), dtype=torch.float32)
    stored = torch.empty_like(weight, dtype=torch.float8_e4m3fn)
    for i, top in enumerate(range(0, weight.shape[0], rows)):
        for j, left in enumerate(range(0, weight.shape[1], columns)):
            block = weight[top : top + rows, left : left + columns].float()
            scales[i, j] = block.abs().max().clamp(min=1e-12) / limit
            stored[top : top + rows, left : left + columns] = (block / scales[i, j]).to(torch.float8_e4m3fn)
    return stored, scales
