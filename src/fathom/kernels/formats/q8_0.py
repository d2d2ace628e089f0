"""Q8_0: eight-bit codes with a scale. By tiles: codes[column][row], int8."""

from __future__ import annotations

import torch
from torch import Tensor

from fathom.kernels.formats.block_format import BLOCK, TILE, Codes, gguf_halves, nearest_codes


class EightBit:
    """Q8_0: a number is scale · code, code in -128 … 127 (quantizing uses -127 … 127)."""

    has_minimum = False
    gguf_bytes = 2 + BLOCK  # scale, codes
    embedding_format = "q8_0"

    def quantize(self, blocks: Tensor) -> Codes:
        scale = (blocks.abs().amax(-1) / 127).half()
        return Codes(nearest_codes(blocks, scale, -127, 127).to(torch.int8), scale)

    def from_gguf(self, data: Tensor) -> Codes:
        return Codes(data[..., 2:].contiguous().view(torch.int8), gguf_halves(data[..., :2]))

    def pack(self, codes: Tensor) -> Tensor:
        return codes.transpose(2, 3).contiguous().view(torch.uint8).flatten(2)

    def unpack(self, data: Tensor) -> Tensor:
        return data.contiguous().view(torch.int8).unflatten(-1, (BLOCK, TILE)).transpose(2, 3).float()
