"""A fused layer is the layer that it was made of, with either implementation of its two calls."""

from __future__ import annotations

from contextlib import nullcontext

import pytest
import torch
from torch import nn

from fathom.kernels.formats.matrix import Matrix, dense, quantize
from fathom.kernels.registry import reference_only
from fathom.model.causal import CausalContext
from fathom.model.config import ModelConfig
from fathom.model.decoder_layer import DecoderLayer
from fathom.model.init import initialize
from fathom.model.presets import PRESETS
from fathom.model.rope import Rope
from fathom.quant.fused_layer import fuse


def layer_of(name: str, *, routed: bool = False) -> DecoderLayer:
    layer = DecoderLayer(PRESETS[name], 2, routed=routed)
    initialize(layer, 0.1, torch.Generator().manual_seed(0))
    return layer


def matrix_of(linear: nn.Linear) -> Matrix:
    return dense(linear.weight, linear.bias)


@pytest.mark.parametrize("name", ["tiny-llama", "tiny-qwen2", "tiny-qwen3"])
@pytest.mark.parametrize("implementation", [nullcontext, reference_only])
@torch.no_grad()
def test_outputs_are_those_of_the_layer(name: str, implementation) -> None:
    layer, config = layer_of(name), PRESETS[name]
    rotation = Rope(config.rope, config.attention.rope_dim).rotation(torch.arange(5)[None])
    x = torch.randn(2, 5, config.hidden_size, generator=torch.Generator().manual_seed(1))
    with implementation():
        fused = fuse(layer, matrix_of)
        assert fused is not None
        torch.testing.assert_close(
            fused(x, rotation, CausalContext()), layer(x, rotation, CausalContext()), atol=1e-5, rtol=1e-5
        )
    assert fused.cache_spec(True) == layer.cache_spec(True)
    assert fused.layer == 2


def test_latent_attention_and_experts_are_not_fused() -> None:
    assert fuse(layer_of("tiny-deepseek-v3"), matrix_of) is None
    assert fuse(layer_of("tiny-deepseek-v3", routed=True), matrix_of) is None


def test_projections_of_unequal_formats_are_not_fused() -> None:
    layer = layer_of("tiny-llama")

    def mixed(linear: nn.Linear) -> Matrix:
        return quantize(linear.weight, "q8_0") if linear is layer.attention.v_proj else matrix_of(linear)

    assert fuse(layer, mixed) is None


def test_it_names_the_formats_of_its_weights() -> None:
    fused = fuse(layer_of("tiny-llama"), matrix_of)
    assert "qkv float32, out float32, gate_up float32, down float32" in repr(fused)


@pytest.mark.parametrize("name", ["tiny-gemma2", "tiny-gemma3", "tiny-glm4", "tiny-olmo2", "tiny-phi3"])
def test_norms_of_outputs_gelu_and_partial_rotation_are_not_fused(name: str) -> None:
    assert fuse(layer_of(name), matrix_of) is None


@torch.no_grad()
def test_windows_capped_scores_and_offsets_of_norms_are_fused() -> None:
    data = PRESETS["tiny-qwen3"].model_dump() | {"norm_offset": 1, "window": {"size": 2, "layers": (0,)}}
    data["attention"] |= {"softcap": 1.0, "query_pre_attn_scalar": 3.0}
    config = ModelConfig.model_validate(data)
    layer = DecoderLayer(config, 0, routed=False)
    initialize(layer, 0.1, torch.Generator().manual_seed(0))
    rotation = Rope(config.rope, config.attention.rope_dim).rotation(torch.arange(5)[None])
    x = torch.randn(2, 5, config.hidden_size, generator=torch.Generator().manual_seed(1))
    fused = fuse(layer, matrix_of)
    assert fused is not None
    expected = layer(x, rotation, CausalContext())
    torch.testing.assert_close(fused(x, rotation, CausalContext()), expected, atol=1e-5, rtol=1e-5)
