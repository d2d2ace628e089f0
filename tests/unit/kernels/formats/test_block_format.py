"""Tiles of any block format: scales, minima and codes survive, and missing rows are zeros."""

from __future__ import annotations

import pytest
import torch

from fathom.kernels.formats.block_format import Codes, header_bytes, nearest_codes, pack_tiles, unpack_tiles
from fathom.kernels.formats.table import BLOCK_FORMATS


@pytest.mark.parametrize("name", BLOCK_FORMATS)
@pytest.mark.parametrize("rows", [1, 16, 17])
def test_tiles_hold_scale_times_code_plus_minimum(name: str, rows: int) -> None:
    block_format = BLOCK_FORMATS[name]
    numbers = torch.randn(rows, 3, 32, generator=torch.Generator().manual_seed(0))
    quantized = block_format.quantize(numbers)
    data = pack_tiles(block_format, quantized)
    assert data.shape[:2] == (-(-rows // 16), 3)
    unpacked = unpack_tiles(block_format, data)
    offset = 8 if name == "q4_0" else 0
    expected = (quantized.codes.float() - offset) * quantized.scales.float()[..., None]
    if quantized.minima is not None:
        expected = expected + quantized.minima.float()[..., None]
    assert torch.equal(unpacked[:rows], expected.flatten(1))
    assert (data[:, :, : header_bytes(block_format)].view(torch.float16).flatten() != 0).sum() == rows * 3 * (
        1 + block_format.has_minimum
    )


def test_the_nearest_code_wins_and_a_scale_of_zero_gives_zero() -> None:
    numbers = torch.tensor([[[0.4, 0.6, 99.0, -99.0]], [[1.0, 2.0, 3.0, 4.0]]])
    codes = nearest_codes(numbers, torch.tensor([[1.0], [0.0]]).half(), -8, 7)
    assert codes.tolist() == [[[0, 1, 7, -8]], [[0, 0, 0, 0]]]


def test_codes_may_have_no_minima() -> None:
    assert Codes(torch.zeros(1), torch.zeros(1)).minima is None
