"""The layout of tiles, spelled out on one."""

from __future__ import annotations

import torch

from fathom.kernels.formats.block_format import Codes, pack_tiles, unpack_tiles
from fathom.kernels.formats.table import BLOCK_FORMATS


def test_four_bit_codes_lie_eight_columns_to_a_word_rows_side_by_side():
    codes = torch.zeros(16, 1, 32, dtype=torch.uint8)
    codes[3, 0, 8] = 5  # row 3, word 1, lowest four bits
    codes[3, 0, 11] = 7  # row 3, word 1, bits 12 to 15
    data = pack_tiles(BLOCK_FORMATS["q4_1"], Codes(codes, torch.ones(16, 1).half(), torch.zeros(16, 1).half()))
    assert data.shape == (1, 1, 64 + 256)
    words = data[0, 0, 64:].contiguous().view(torch.int32).view(4, 16)
    assert words[1, 3] == 5 + (7 << 12)
    assert words.count_nonzero() == 1
    assert data[0, 0, :64].contiguous().view(torch.float16).tolist() == [1.0] * 16 + [0.0] * 16


def test_eight_bit_codes_lie_column_by_column():
    codes = torch.zeros(2, 2, 32, dtype=torch.int8)
    codes[1, 1, 4] = -9
    data = pack_tiles(BLOCK_FORMATS["q8_0"], Codes(codes, torch.ones(2, 2).half()))
    assert data.shape == (1, 2, 32 + 512)
    stored = data[0, 1, 32:].contiguous().view(torch.int8).view(32, 16)
    assert stored[4, 1] == -9
    assert stored.count_nonzero() == 1
    assert unpack_tiles(BLOCK_FORMATS["q8_0"], data)[1, 36] == -9
