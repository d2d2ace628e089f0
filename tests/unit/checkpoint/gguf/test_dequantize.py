"""Every block type against the ``gguf`` package's decoder, bit for bit: random bytes are valid quants."""

import gguf
import numpy as np
import pytest

from fathom.checkpoint.gguf.dequantize import dequantize
from fathom.checkpoint.gguf.types import BlockType


@pytest.mark.parametrize("type_", list(BlockType), ids=lambda t: t.name)
def test_blocks_decode_bit_for_bit(type_: BlockType) -> None:
    rng = np.random.default_rng(type_.id)
    data = rng.integers(0, 256, size=(40, 6, type_.bytes), dtype=np.uint8).reshape(40, -1)

    with np.errstate(all="ignore"):
        expected = gguf.quants.dequantize(data, gguf.GGMLQuantizationType[type_.name])
    found = dequantize(data.reshape(-1), type_)

    nan = np.isnan(expected.ravel())
    assert np.array_equal(np.isnan(found), nan)
    assert np.array_equal(found[~nan].view(np.uint32), expected.astype(np.float32).ravel()[~nan].view(np.uint32))
