"""Weights in blocks of 32: from numbers, and from the bytes of a GGUF file.

The formats are GGUF's, so a file's own codes are multiplied, not a copy of them blown up to sixteen bits. Rounding
follows the definition d · q (+ m) with d and m as stored in float16: the code nearest to the number wins.

    N rows · K columns · J blocks of a row
"""

from __future__ import annotations

from typing import get_args

import torch
from torch import Tensor

from fathom.base.errors import CheckpointError
from fathom.kernels.formats import BLOCK, Kind, Matrix, pack

BLOCK_KINDS: tuple[Kind, ...] = tuple(kind for kind in get_args(Kind) if kind.startswith("q"))
GGUF_BYTES: dict[Kind, int] = {"q8_0": 34, "q4_0": 18, "q4_1": 20}
"""Bytes of one block of 32 in a file: scale, minimum (q4_1), codes."""


def quantize(weight: Tensor, kind: Kind, bias: Tensor | None = None) -> Matrix:
    """weight (N, K), K a multiple of 32 (:func:`fits`), as ``kind``."""
    blocks = weight.detach().float().unflatten(1, (-1, BLOCK))  # (N, J, 32)
    if kind == "q8_0":
        scale = (blocks.abs().amax(-1) / 127).half()
        codes = _codes(blocks, scale, -127, 127).to(torch.int8)
        return pack(kind, codes, scale, bias=bias)
    if kind == "q4_0":
        extreme = blocks.gather(-1, blocks.abs().argmax(-1, keepdim=True))[..., 0]  # keeps its sign, as ggml does
        scale = (extreme / -8).half()
        return pack(kind, (_codes(blocks, scale, -8, 7) + 8).to(torch.uint8), scale, bias=bias)
    low, high = blocks.aminmax(dim=-1)
    minimum, scale = low.half(), ((high - low) / 15).half()
    codes = _codes(blocks - minimum.float()[..., None], scale, 0, 15).to(torch.uint8)
    return pack("q4_1", codes, scale, minimum, bias)


def fits(weight: Tensor) -> bool:
    """Whether a weight (N, K) divides into blocks."""
    return weight.shape[1] % BLOCK == 0


def from_gguf(kind: Kind, data: Tensor, bias: Tensor | None = None) -> Matrix:
    """A file's blocks, uint8 (N, bytes of a row), as they are. Rows may have been reordered before.

    Raises :class:`CheckpointError` where a row is not whole blocks.
    """
    size = GGUF_BYTES[kind]
    if data.ndim != 2 or data.dtype != torch.uint8 or data.shape[1] % size:
        raise CheckpointError(
            f"{kind} data of shape {tuple(data.shape)} is not rows of {size}-byte blocks", "the file is damaged"
        )
    blocks = data.unflatten(1, (-1, size))  # (N, J, bytes)
    scales = _halves(blocks[..., :2])
    if kind == "q8_0":
        return pack(kind, blocks[..., 2:].contiguous().view(torch.int8), scales, bias=bias)
    minima = _halves(blocks[..., 2:4]) if kind == "q4_1" else None
    nibbles = blocks[..., -BLOCK // 2 :]  # byte j: number j below, number j + 16 above
    return pack(kind, torch.cat((nibbles & 15, nibbles >> 4), -1), scales, minima, bias)


def _codes(numbers: Tensor, scale: Tensor, low: int, high: int) -> Tensor:
    inverse = torch.where(scale == 0, 0.0, 1 / scale.float())
    return (numbers * inverse[..., None]).round().clamp(low, high)


def _halves(data: Tensor) -> Tensor:  # (N, J, 2) bytes → (N, J)
    return data.contiguous().view(torch.float16)[..., 0]
