"""FP8 blocks: DeepSeek's published layout."""

from __future__ import annotations

import pytest
import torch

from fathom.base.errors import CheckpointError
from fathom.quant.fp8 import dequantize_fp8, quantize_fp8


def test_a_factor_scales_its_own_block():
    weight = torch.ones(130, 260).to(torch.float8_e4m3fn)
    scale = torch.tensor([[1.0, 2.0, 4.0], [8.0, 16.0, 32.0]])
    out = dequantize_fp8(weight, scale, torch.float32)
    assert out[0, [0, 127, 128, 255, 256, 259]].tolist() == [1, 1, 2, 2, 4, 4]
    assert out[128:, 0].tolist() == [8, 8]
    assert out[129, 259] == 32


@pytest.mark.parametrize("power_of_two", [False, True])
@pytest.mark.parametrize("shape", [(128, 128), (200, 300), (1, 129)])
def test_there_and_back(power_of_two, shape):
    torch.manual_seed(0)
    weight = torch.randn(shape) * torch.logspace(-6, 3, shape[1])
    codes, scale = quantize_fp8(weight, power_of_two=power_of_two)
    assert scale.dtype == (torch.float8_e8m0fnu if power_of_two else torch.float32)
    back = dequantize_fp8(codes, scale, torch.float32)
    # three bits of mantissa: half a unit is 2^-4 of the number, or of the least normal one, 2^-6 · scale
    floor = scale.float().repeat_interleave(128, 0)[: shape[0]].repeat_interleave(128, 1)[:, : shape[1]] * 2**-10
    assert ((back - weight).abs() <= weight.abs() * 2**-4 + floor).all()


def test_zero_blocks_stay_zero():
    codes, scale = quantize_fp8(torch.zeros(128, 256))
    assert scale.tolist() == [[1.0, 1.0]]
    assert dequantize_fp8(codes, scale).eq(0).all()


def test_factors_that_do_not_cover_the_weight_are_refused():
    with pytest.raises(
        CheckpointError, match=r"block scales have shape \(1, 1\), a weight of 129 × 128 needs \(2, 1\)"
    ):
        dequantize_fp8(torch.zeros(129, 128).to(torch.float8_e4m3fn), torch.ones(1, 1))
