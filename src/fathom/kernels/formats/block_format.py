"""What a block format is, and how its blocks are laid out for kernels.

32 columns of a row share a float16 scale, and in some formats a minimum: a number is scale · code (+ minimum). GGUF's
order of the bytes suits a dot product along the columns and needs a horizontal sum for each output. Here sixteen rows
are interleaved, one to a lane:

    tile of 16 rows → block of 32 columns → 16 scales · 16 minima · codes, in the order of the format

so one broadcast activation meets sixteen weights, nothing is summed across lanes, and a weight occupies as many bits as
in the file. ``kernels/cpu/interface.h`` states the same layout for C++.

    N rows (outputs) · J blocks of a row · T tiles
"""

from __future__ import annotations

from typing import NamedTuple, Protocol

import torch
from torch import Tensor

BLOCK = 32
TILE = 16


class Codes(NamedTuple):
    """Quantized rows: integers in the format's own range, float16 scales, and minima where the format has them."""

    codes: Tensor  # (N, J, 32)
    scales: Tensor  # (N, J)
    minima: Tensor | None = None  # (N, J)


class BlockFormat(Protocol):
    """A format of ``kernels/formats``; ``table.BLOCK_FORMATS`` lists them under their names in GGUF files."""

    @property
    def has_minimum(self) -> bool: ...
    @property
    def gguf_bytes(self) -> int:
        """Bytes of a block in a GGUF file."""
        ...

    @property
    def embedding_format(self) -> str:
        """The format of embedding and head in a model of this one: coarse codes show there first."""
        ...

    def quantize(self, blocks: Tensor) -> Codes:
        """Numbers (N, J, 32) float32 to the nearest codes, with the scale as rounded to float16."""
        ...

    def from_gguf(self, data: Tensor) -> Codes:
        """Blocks of a GGUF file, uint8 (N, J, gguf_bytes)."""
        ...

    def pack(self, codes: Tensor) -> Tensor:
        """Codes by tiles (T, J, 16, 32) → uint8 (T, J, bytes)."""
        ...

    def unpack(self, data: Tensor) -> Tensor:
        """The inverse of ``pack``, as float32 factors of the scale (T, J, 16, 32)."""
        ...


def pack_tiles(block_format: BlockFormat, quantized: Codes) -> Tensor:
    """Scales, minima and codes by tiles: uint8 (T, J, bytes of a block of a tile); missing rows are zeros."""
    missing = -len(quantized.codes) % TILE

    def tiles(x: Tensor) -> Tensor:  # (N, J, …) → (T, J, 16, …)
        padding = x.new_zeros(missing, *x.shape[1:])
        return torch.cat((x, padding)).unflatten(0, (-1, TILE)).transpose(1, 2)

    header = [quantized.scales] if quantized.minima is None else [quantized.scales, quantized.minima]
    parts = [tiles(part).contiguous().view(torch.uint8) for part in header]
    return torch.cat((*parts, block_format.pack(tiles(quantized.codes))), -1).contiguous()


def unpack_tiles(block_format: BlockFormat, data: Tensor) -> Tensor:
    """The numbers of tiles, (T·16, J·32) float32."""
    scales = _halves(data[..., : header_bytes(block_format)]).unflatten(-1, (-1, TILE))  # (T, J, 1 or 2, 16)
    out = block_format.unpack(data[..., header_bytes(block_format) :]) * scales[:, :, 0, :, None]
    if block_format.has_minimum:
        out = out + scales[:, :, 1, :, None]
    return out.transpose(1, 2).flatten(2).flatten(0, 1)


def header_bytes(block_format: BlockFormat) -> int:
    """Bytes of scales and minima before the codes of a block of a tile."""
    return 2 * TILE * (2 if block_format.has_minimum else 1)


def nearest_codes(numbers: Tensor, scale: Tensor, low: int, high: int) -> Tensor:
    """numbers (N, J, 32) / scale (N, J), rounded and clamped to low … high; 0 where the scale is 0."""
    inverse = torch.where(scale == 0, 0.0, 1 / scale.float())
    return (numbers * inverse[..., None]).round().clamp(low, high)


def gguf_halves(data: Tensor) -> Tensor:
    """Two bytes (N, J, 2) as float16 (N, J)."""
    return data.contiguous().view(torch.float16)[..., 0]


def _halves(data: Tensor) -> Tensor:
    return data.contiguous().view(torch.float16).float()
