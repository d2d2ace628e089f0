"""FP8 weights: which schemes are read, the shape of their scales, and what decoding multiplies."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from fathom.base.errors import CheckpointError
from fathom.checkpoint.hf.fp8 import FP8Blocks


@pytest.mark.parametrize(
    ("quantization", "expected"),
    [
        (None, None),
        ({"quant_method": "fp8"}, FP8Blocks(None)),
        ({"quant_method": "fp8", "fmt": "e4m3", "weight_block_size": [128, 64]}, FP8Blocks((128, 64))),
    ],
)
def test_the_scheme_is_read_from_the_configuration(
    quantization: dict[str, Any] | None, expected: FP8Blocks | None
) -> None:
    assert FP8Blocks.from_config(quantization) == expected


@pytest.mark.parametrize(
    ("quantization", "message"),
    [
        ({"quant_method": "awq"}, "quantised by 'awq'"),
        ({"quant_method": "fp8", "fmt": "e5m2"}, "quantised by 'fp8'"),
        ({"quant_method": "fp8", "weight_block_size": 128}, "weight_block_size is 128; it must be two positive"),
        ({"quant_method": "fp8", "weight_block_size": [128, 0]}, r"weight_block_size is \[128, 0\]"),
    ],
)
def test_other_schemes_are_refused(quantization: dict[str, Any], message: str) -> None:
    with pytest.raises(CheckpointError, match=message):
        FP8Blocks.from_config(quantization)


def test_a_partial_block_at_the_edge_has_a_scale_of_its_own() -> None:
    assert FP8Blocks((128, 128)).scale_shape((129, 256)) == (2, 2)
    assert FP8Blocks(None).scale_shape((129, 256)) is None


def test_decoding_multiplies_by_the_scale_of_the_block() -> None:
    weight = torch.full((3, 4), 2.0).to(torch.float8_e4m3fn)
    scale = torch.tensor([[1.0, 10.0], [100.0, 1000.0]])
    expected = torch.tensor([[2.0, 2, 20, 20], [2, 2, 20, 20], [200, 200, 2000, 2000]])
    assert torch.equal(FP8Blocks((2, 2)).decode(weight, scale), expected)
    assert torch.equal(FP8Blocks(None).decode(weight, torch.tensor([[0.5]])), torch.ones(3, 4))
