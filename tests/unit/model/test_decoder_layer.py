from __future__ import annotations

import pytest
import torch

from fathom.model.causal import CausalContext
from fathom.model.decoder_layer import DecoderLayer
from fathom.model.gqa import GQAttention
from fathom.model.init import initialize
from fathom.model.mla import MLAttention
from fathom.model.modules import MLP
from fathom.model.moe import MoE
from fathom.model.presets import PRESETS
from fathom.model.rope import Rope


@pytest.mark.parametrize(
    ("name", "routed", "attention", "mlp"),
    [
        ("tiny-deepseek-v3", True, MLAttention, MoE),
        ("tiny-deepseek-v3", False, MLAttention, MLP),
        ("tiny-llama", False, GQAttention, MLP),
        ("tiny-llama", True, GQAttention, MLP),
    ],
)
def test_parts(name: str, routed: bool, attention: type, mlp: type) -> None:
    layer = DecoderLayer(PRESETS[name], 3, routed=routed)
    assert type(layer.attention) is attention
    assert type(layer.mlp) is mlp
    assert layer.attention.layer == 3


@pytest.mark.parametrize("name", ["tiny-deepseek-v3", "tiny-qwen3"])
def test_two_residuals_each_around_a_norm(name: str) -> None:
    config = PRESETS[name]
    layer = DecoderLayer(config, 0, routed=True)
    initialize(layer, 0.1, torch.Generator().manual_seed(0))
    rotation = Rope(config.rope, config.attention.rope_dim).rotation(torch.arange(4)[None])
    x = torch.randn(2, 4, 128, generator=torch.Generator().manual_seed(1))
    middle = x + layer.attention(layer.attention_norm(x), rotation, CausalContext())
    expected = middle + layer.mlp(layer.mlp_norm(middle))
    torch.testing.assert_close(layer(x, rotation, CausalContext()), expected)


@pytest.mark.parametrize(("name", "norms"), [("tiny-glm4", True), ("tiny-olmo2", False)])
def test_norms_of_outputs(name: str, norms: bool) -> None:
    """Between a layer and its residual; of its input too, or not at all."""
    config = PRESETS[name]
    layer = DecoderLayer(config, 0, routed=False)
    initialize(layer, 0.1, torch.Generator().manual_seed(0))
    assert (layer.attention_norm is not None, layer.mlp_norm is not None) == (norms, norms)
    before_attention, before_mlp = (norm or torch.nn.Identity() for norm in (layer.attention_norm, layer.mlp_norm))
    rotation = Rope(config.rope, config.attention.rope_dim).rotation(torch.arange(4)[None])
    x = torch.randn(2, 4, 128, generator=torch.Generator().manual_seed(1))
    attended = layer.attention(before_attention(x), rotation, CausalContext())
    middle = x + layer.post_attention_norm(attended)
    expected = middle + layer.post_mlp_norm(layer.mlp(before_mlp(middle)))
    torch.testing.assert_close(layer(x, rotation, CausalContext()), expected)
