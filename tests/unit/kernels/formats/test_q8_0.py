"""The layout of eight-bit codes in a tile."""

from __future__ import annotations

import torch

from fathom.kernels.formats.block_format import Codes, pack_tiles, unpack_tiles
from fathom.kernels.formats.q8_0 import EightBit


def test_codes_are_stored_column_by_column() -> None:
    codes = torch.zeros(2, 2, 32, dtype=torch.int8)
    codes[1, 1, 4] = -9
    data = pack_tiles(EightBit(), Codes(codes, torch.ones(2, 2).half()))
    assert data.shape == (1, 2, 32 + 512)
    stored = data[0, 1, 32:].contiguous().view(torch.int8).view(32, 16)
    assert stored[4, 1] == -9
    assert stored.count_nonzero() == 1
    assert unpack_tiles(EightBit(), data)[1, 36] == -9


def test_the_largest_magnitude_gets_the_last_code() -> None:
    codes, scales, minima = EightBit().quantize(torch.tensor([[[-127.0, 64.0, *[0.0] * 30]]]))
    assert codes[0, 0, :2].tolist() == [-127, 64]
    assert scales.tolist() == [[1.0]]
    assert minima is None
