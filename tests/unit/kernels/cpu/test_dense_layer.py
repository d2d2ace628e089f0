"""When the fused C++ layer serves, and what it keeps of a layer's weights."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from kernel_cases import Draw, after_attention_case, before_attention_case

from fathom.kernels.cpu import dense_layer as kernels
from fathom.kernels.dense_layer import after_attention, before_attention

pytestmark = pytest.mark.usefixtures("kernels")


def test_the_structure_of_a_layer_is_made_once() -> None:
    case = before_attention_case(Draw(0), torch.float32)
    layer = case.args[0]
    kernels.before_attention(*case.args)
    struct = layer.handles["cpp"]
    kernels.before_attention(*case.args)
    assert layer.handles["cpp"] is struct


def test_mixed_types_gradients_and_formats_without_a_decoder_are_declined() -> None:
    layer, attended, x = after_attention_case(Draw(0), torch.float32).args
    assert after_attention.select(layer, attended, x) is kernels.after_attention
    assert after_attention.select(layer, attended, x.bfloat16()) is None
    assert after_attention.select(layer, attended, x.clone().requires_grad_()) is None
    assert after_attention.select(replace(layer, out=replace(layer.out, kind="q5_0")), attended, x) is None
    args = before_attention_case(Draw(0), torch.float32).args
    assert before_attention.select(*args) is kernels.before_attention
    for name in ("qkv", "down"):
        matrix = replace(getattr(args[0], name), kind="q5_0")
        assert before_attention.select(replace(args[0], **{name: matrix}), *args[1:]) is None
