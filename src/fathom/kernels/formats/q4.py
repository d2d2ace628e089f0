"""Q4_0 and Q4_1: four-bit codes with a scale, and in Q4_1 a minimum.

By tiles: codes[word][row], 32 bits each: columns 8·word … 8·word + 7 of that row, lowest bits first.
"""

from __future__ import annotations

import torch
from torch import Tensor

from fathom.kernels.formats.block_format import BLOCK, TILE, Codes, gguf_halves, nearest_codes


class FourBit:
    """Q4_0: a number is scale · (code - 8), code in 0 … 15."""

    has_minimum = False
    gguf_bytes = 2 + BLOCK // 2  # scale, codes
    embedding_format = "q8_0"

    def quantize(self, blocks: Tensor) -> Codes:
        extreme = blocks.gather(-1, blocks.abs().argmax(-1, keepdim=True))[..., 0]  # keeps its sign, as ggml does
        scale = (extreme / -8).half()
        return Codes((nearest_codes(blocks, scale, -8, 7) + 8).to(torch.uint8), scale)

    def from_gguf(self, data: Tensor) -> Codes:
        return Codes(_gguf_nibbles(data[..., 2:]), gguf_halves(data[..., :2]))

    def pack(self, codes: Tensor) -> Tensor:
        return _pack_nibbles(codes)

    def unpack(self, data: Tensor) -> Tensor:
        return _unpack_nibbles(data) - 8


class FourBitWithMinimum:
    """Q4_1: a number is scale · code + minimum, code in 0 … 15."""

    has_minimum = True
    gguf_bytes = 4 + BLOCK // 2  # scale, minimum, codes
    embedding_format = "q8_0"

    def quantize(self, blocks: Tensor) -> Codes:
        low, high = blocks.aminmax(dim=-1)
        minimum, scale = low.half(), ((high - low) / 15).half()
        codes = nearest_codes(blocks - minimum.float()[..., None], scale, 0, 15).to(torch.uint8)
        return Codes(codes, scale, minimum)

    def from_gguf(self, data: Tensor) -> Codes:
        return Codes(_gguf_nibbles(data[..., 4:]), gguf_halves(data[..., :2]), gguf_halves(data[..., 2:4]))

    def pack(self, codes: Tensor) -> Tensor:
        return _pack_nibbles(codes)

    def unpack(self, data: Tensor) -> Tensor:
        return _unpack_nibbles(data)


def _gguf_nibbles(data: Tensor) -> Tensor:
    """Byte j holds number j in its low half, number j + 16 in its high half: (N, J, 16) → (N, J, 32)."""
    return torch.cat((data & 15, data >> 4), -1)


def _pack_nibbles(codes: Tensor) -> Tensor:
    pairs = codes[..., 0::2] | (codes[..., 1::2] << 4)  # (T, J, 16, 16)
    return pairs.unflatten(-1, (4, 4)).transpose(2, 3).flatten(2)


def _unpack_nibbles(data: Tensor) -> Tensor:
    words = data.unflatten(-1, (4, TILE, 4)).transpose(2, 3).flatten(-2)  # (T, J, 16, 16)
    return torch.stack((words & 15, words >> 4), -1).flatten(-2).float()  # (T, J, 16, 32)
