"""Block formats: what a file's bytes mean (against the gguf package), how near quantizing comes, and the layout."""

from __future__ import annotations

import gguf
import numpy as np
import pytest
import torch

from fathom.base.errors import CheckpointError
from fathom.kernels.formats.matrix import can_concatenate, concatenate, dense, from_gguf, has_whole_blocks, quantize
from fathom.kernels.formats.table import BLOCK_FORMATS

TYPES = {
    "q8_0": gguf.GGMLQuantizationType.Q8_0,
    "q4_0": gguf.GGMLQuantizationType.Q4_0,
    "q4_1": gguf.GGMLQuantizationType.Q4_1,
}


@pytest.mark.parametrize("kind", BLOCK_FORMATS)
@pytest.mark.parametrize("rows", [1, 16, 37])
def test_a_files_blocks_mean_what_ggml_says(kind: str, rows):
    weight = np.random.default_rng(0).standard_normal((rows, 96), dtype=np.float32)
    data = gguf.quantize(weight, TYPES[kind])
    packed = from_gguf(kind, torch.from_numpy(data))
    assert (packed.rows, packed.columns) == (rows, 96)
    assert torch.equal(packed.dense(), torch.from_numpy(gguf.dequantize(data, TYPES[kind])))


@pytest.mark.parametrize("kind", BLOCK_FORMATS)
def test_packing_takes_no_more_room_than_the_file(kind: str):
    data = torch.zeros(64, 3 * BLOCK_FORMATS[kind].gguf_bytes, dtype=torch.uint8)
    assert from_gguf(kind, data).num_bytes == data.numel()


@pytest.mark.parametrize(("kind", "levels"), [("q8_0", 127), ("q4_0", 7), ("q4_1", 7.5)])
def test_quantizing_errs_by_half_a_step_at_most(kind: str, levels):
    torch.manual_seed(0)
    weight = torch.randn(40, 128)
    error = (quantize(weight, kind).dense() - weight).abs().unflatten(1, (-1, 32))
    step = weight.unflatten(1, (-1, 32)).abs().amax(-1, keepdim=True) / levels
    # float16 scales add a little; q4_0 has no code for the largest magnitude's opposite, so that may err by a step
    assert (error <= step * (1.02 if kind == "q4_0" else 0.52)).all()


@pytest.mark.parametrize("kind", BLOCK_FORMATS)
def test_zeros_and_constants_survive(kind: str):
    weight = torch.zeros(2, 64)
    assert quantize(weight, kind).dense().eq(0).all()
    weight[1] = -3.0
    torch.testing.assert_close(quantize(weight, kind).dense(), weight, atol=2e-3, rtol=1e-3)


def test_rows_that_are_not_whole_blocks_are_refused():
    with pytest.raises(CheckpointError, match=r"q4_1 data of shape \(4, 30\) is not rows of 20-byte blocks; the file"):
        from_gguf("q4_1", torch.zeros(4, 30, dtype=torch.uint8))
    assert not has_whole_blocks(torch.zeros(4, 48))


@pytest.mark.parametrize("kind", BLOCK_FORMATS)
def test_concatenation_stacks_outputs(kind: str):
    torch.manual_seed(0)
    weights = [torch.randn(rows, 64) for rows in (32, 16, 5)]
    packed = [quantize(weight, kind, torch.ones(len(weight)) if i else None) for i, weight in enumerate(weights)]
    assert can_concatenate(packed)
    joined = concatenate(packed)
    assert torch.equal(joined.dense(), torch.cat([matrix.dense() for matrix in packed]))
    assert joined.bias is not None
    assert joined.bias.tolist() == [0.0] * 32 + [1.0] * 21


def test_concatenation_needs_one_format_and_whole_tiles():
    five, sixteen = quantize(torch.zeros(5, 32), "q8_0"), quantize(torch.zeros(16, 32), "q8_0")
    assert can_concatenate([sixteen, five])
    assert not can_concatenate([five, sixteen])
    assert not can_concatenate([sixteen, quantize(torch.zeros(16, 32), "q4_0")])
    assert not can_concatenate([sixteen, dense(torch.zeros(16, 32))])
