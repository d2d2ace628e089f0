"""The layout of four-bit codes in a tile, and the two meanings of a code."""

from __future__ import annotations

import torch

from fathom.kernels.formats.block_format import Codes, pack_tiles
from fathom.kernels.formats.q4 import FourBit, FourBitWithMinimum


def test_codes_are_stored_eight_columns_to_a_word_rows_side_by_side() -> None:
    codes = torch.zeros(16, 1, 32, dtype=torch.uint8)
    codes[3, 0, 8] = 5  # row 3, word 1, lowest four bits
    codes[3, 0, 11] = 7  # row 3, word 1, bits 12 to 15
    data = pack_tiles(FourBitWithMinimum(), Codes(codes, torch.ones(16, 1).half(), torch.zeros(16, 1).half()))
    assert data.shape == (1, 1, 64 + 256)
    words = data[0, 0, 64:].contiguous().view(torch.int32).view(4, 16)
    assert words[1, 3] == 5 + (7 << 12)
    assert words.count_nonzero() == 1
    assert data[0, 0, :64].contiguous().view(torch.float16).tolist() == [1.0] * 16 + [0.0] * 16


def test_without_a_minimum_the_largest_magnitude_keeps_its_sign() -> None:
    codes, scales, _ = FourBit().quantize(torch.tensor([[[8.0, -7.0, *[0.0] * 30]]]))
    assert scales.tolist() == [[-1.0]]
    assert codes[0, 0, :3].tolist() == [0, 15, 8]


def test_with_a_minimum_codes_span_the_block() -> None:
    codes, scales, minima = FourBitWithMinimum().quantize(torch.tensor([[[-5.0, 10.0, *[0.0] * 30]]]))
    assert (scales.tolist(), minima.tolist()) == ([[1.0]], [[-5.0]])
    assert codes[0, 0, :3].tolist() == [0, 15, 5]
