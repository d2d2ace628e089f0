"""FP8 weights in blocks, 128 × 128 as DeepSeek-V3 and R1 are published (DeepSeek-V3, section 3.3.2).

A checkpoint holds ``weight`` in E4M3 beside ``weight_scale_inv``, one factor per block: weight · factor is the number
meant. From V3.1 on the factors are powers of two, stored as UE8M0 (an exponent and nothing else).

    N rows · K columns · n, k blocks of them
"""

from __future__ import annotations

import torch
from torch import Tensor

from fathom.base.errors import CheckpointError

BLOCK = (128, 128)
"""Rows and columns that share a factor."""

E4M3_MAX = 448.0


def dequantize_fp8(
    weight: Tensor, scale: Tensor, dtype: torch.dtype = torch.bfloat16, block: tuple[int, int] = BLOCK
) -> Tensor:
    """weight (N, K) E4M3 and its factors (n, k), float or UE8M0, → (N, K) of ``dtype``; edge blocks may be partial.

    Raises :class:`CheckpointError` where the factors do not cover the weight. One block row is widened at a time, so
    that a 7168 × 18432 matrix costs its result and a sliver.
    """
    rows, columns = weight.shape
    height, width = block
    expected = (-(-rows // height), -(-columns // width))
    if tuple(scale.shape) != expected:
        raise CheckpointError(
            f"block scales have shape {tuple(scale.shape)}, a weight of {rows} × {columns} needs {expected}",
            "the checkpoint is damaged or uses another block size; download it again",
        )
    factors = scale.float()
    out = torch.empty(rows, columns, dtype=dtype, device=weight.device)
    for i in range(expected[0]):
        part = slice(i * height, (i + 1) * height)
        across = factors[i].repeat_interleave(width)[:columns]  # (K)
        out[part] = (weight[part].float() * across).to(dtype)
    return out


def quantize_fp8(
    weight: Tensor, block: tuple[int, int] = BLOCK, *, power_of_two: bool = False
) -> tuple[Tensor, Tensor]:
    """weight (N, K) → E4M3 (N, K) and factors (n, k) float32; UE8M0 factors with ``power_of_two``.

    Each block is scaled so that its largest magnitude meets E4M3's. A power of two is rounded up: down would overflow.
    """
    rows, columns = weight.shape
    height, width = block
    n, k = -(-rows // height), -(-columns // width)
    padded = torch.zeros(n * height, k * width, device=weight.device)
    padded[:rows, :columns] = weight
    tiles = padded.view(n, height, k, width)
    scale = tiles.abs().amax((1, 3)) / E4M3_MAX  # (n, k)
    scale = torch.where(scale == 0, 1.0, scale)
    if power_of_two:
        scale = scale.log2().ceil().exp2()
    codes = (tiles / scale[:, None, :, None]).clamp(-E4M3_MAX, E4M3_MAX).to(torch.float8_e4m3fn)
    codes = codes.view(n * height, k * width)[:rows, :columns].contiguous()
    return codes, scale.to(torch.float8_e8m0fnu) if power_of_two else scale
