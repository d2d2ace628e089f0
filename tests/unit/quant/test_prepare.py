"""A prepared model is the model: same logits to rounding, in every family, with and without a past."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn

from fathom.base.errors import ConfigError
from fathom.kernels.formats.matrix import quantize
from fathom.model.cache import ContiguousCache
from fathom.model.config import GQAConfig, MLAConfig, ModelConfig, MoEConfig, RopeConfig
from fathom.model.transformer import Transformer
from fathom.quant.fused_layer import FusedLayer
from fathom.quant.linear import QuantizedEmbedding, QuantizedLinear
from fathom.quant.prepare import prepare, quantizable

SIZES = {"vocab_size": 101, "hidden_size": 64, "intermediate_size": 96, "num_layers": 2, "max_position": 128}
LATENT = MLAConfig(
    num_heads=4, q_lora_rank=32, kv_lora_rank=32, qk_nope_head_dim=16, qk_rope_head_dim=16, v_head_dim=16
)
FAMILIES = {
    "llama": ModelConfig(
        family="llama", attention=GQAConfig(num_heads=4, num_kv_heads=2, head_dim=16), tie_embeddings=True, **SIZES
    ),
    "qwen2": ModelConfig(
        family="qwen2", attention=GQAConfig(num_heads=4, num_kv_heads=1, head_dim=16, qkv_bias=True), **SIZES
    ),
    "llama with biases": ModelConfig(
        family="llama",
        attention=GQAConfig(num_heads=4, num_kv_heads=2, head_dim=16, qkv_bias=True, o_bias=True),
        **SIZES,
    ),
    "qwen3": ModelConfig(
        family="qwen3", attention=GQAConfig(num_heads=4, num_kv_heads=2, head_dim=32, qk_norm=True), **SIZES
    ),
    "deepseek_v3": ModelConfig(
        family="deepseek_v3",
        attention=LATENT,
        rope=RopeConfig(interleaved=True),
        moe=MoEConfig(
            num_experts=8,
            experts_per_token=2,
            num_shared_experts=1,
            intermediate_size=32,
            scoring="sigmoid",
            selection="noaux_tc",
            num_groups=2,
            topk_groups=1,
            normalize=True,
            first_dense_layers=1,
        ),
        num_mtp_layers=1,
        **SIZES,
    ),
}


def build(family: str) -> Transformer:
    """Random weights with biases and norms away from their neutral values, and logits of about unit size."""
    torch.manual_seed(0)
    model = Transformer(FAMILIES[family]).eval()
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if name.endswith("norm.weight"):
                parameter.uniform_(0.5, 1.5)
            else:
                parameter.normal_(std=0.2 if parameter.ndim == 1 else parameter.shape[-1] ** -0.5)
    return model


@torch.inference_mode()
def logits(model: Transformer, tokens: torch.Tensor, dtype: torch.dtype = torch.float32) -> torch.Tensor:
    """A prompt, then one token at a time on a cache, so that all row counts and both forms of attention are met."""
    cache = ContiguousCache(model.cache_specs(), tokens.shape[0], tokens.shape[1], dtype=dtype)
    positions = torch.arange(tokens.shape[1])[None]
    cut = tokens.shape[1] - 3
    parts = [model(tokens[:, :cut], positions[:, :cut], cache)]
    parts += [model(tokens[:, i : i + 1], positions[:, i : i + 1], cache) for i in range(cut, tokens.shape[1])]
    return torch.cat(parts, 1).float()


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("scheme", ["none", "float32"])
def test_float32_is_the_model_itself(family, scheme):
    model = build(family)
    tokens = torch.randint(0, 101, (2, 20))
    expected = logits(model, tokens)
    prepared = prepare(copy.deepcopy(model), scheme)
    torch.testing.assert_close(logits(prepared, tokens), expected, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize(("scheme", "tolerance"), [("bfloat16", 0.02), ("auto", 0.02), ("q8_0", 0.05), ("q4_1", 0.35)])
def test_other_formats_differ_by_their_rounding(family, scheme, tolerance):
    model = build(family)
    tokens = torch.randint(0, 101, (2, 20))
    expected = logits(model, tokens)
    got = logits(prepare(copy.deepcopy(model), scheme), tokens, torch.bfloat16)
    # a token whose experts change by rounding is another token: compare the typical one
    relative = (got - expected).norm(dim=-1) / expected.norm(dim=-1)
    assert relative.median() < tolerance


@pytest.mark.parametrize("family", ["llama", "qwen2", "qwen3"])
def test_dense_layers_are_fused(family):
    prepared = prepare(build(family))
    assert all(isinstance(layer, FusedLayer) for layer in prepared.layers)
    assert not any(isinstance(module, nn.Linear) for module in prepared.modules())


def test_latent_attention_keeps_what_it_reads_as_a_tensor():
    prepared = prepare(build("deepseek_v3"), "q8_0")
    left = {name for name, module in prepared.named_modules() if isinstance(module, nn.Linear)}
    assert left == {"layers.0.attention.kv_up", "layers.1.attention.kv_up", "mtp.0.block.attention.kv_up"}
    assert isinstance(prepared.layers[0].mlp.down, QuantizedLinear)


def test_tied_ends_share_one_matrix():
    prepared = prepare(build("llama"), "q4_1")
    assert isinstance(prepared.embed, QuantizedEmbedding)
    assert prepared.head.matrix is prepared.embed.matrix
    assert prepared.embed.matrix.kind == "q8_0"
    assert prepared.layers[0].weights.down.kind == "q4_1"


def test_given_weights_are_multiplied_unchanged():
    """On the meta device the model never exists in full: what is given is never allocated."""
    source = build("qwen2")
    quantized = {
        name: quantize(parameter, "q8_0" if "embed" in name else "q4_1")
        for name, parameter in source.named_parameters()
        if parameter.ndim == 2
    }
    with torch.no_grad():
        for name, parameter in source.named_parameters():
            if name in quantized:
                parameter.copy_(quantized[name].dense())
    with torch.device("meta"):
        model = Transformer(FAMILIES["qwen2"]).eval()
    assert {name for name, _ in quantizable(model)} == quantized.keys()
    for _, module in quantizable(model):
        module.register_parameter("weight", None)
    rest = {name: value for name, value in source.state_dict().items() if name not in quantized}
    model.load_state_dict(rest, strict=True, assign=True)

    tokens = torch.randint(0, 101, (1, 12))
    expected = logits(source, tokens)
    prepared = prepare(model, "none", weights=quantized)
    assert isinstance(prepared.layers[0], FusedLayer)
    assert prepared.layers[0].weights.qkv.kind == "q4_1"
    assert prepared.layers[0].weights.down is quantized["layers.0.mlp.down.weight"]
    torch.testing.assert_close(logits(prepared, tokens), expected, atol=1e-5, rtol=1e-5)


def test_weights_of_mixed_formats_are_served_unfused():
    model = build("llama")
    expected_weights = quantize(model.layers[0].attention.v_proj.weight, "q8_0")
    with torch.no_grad():
        model.layers[0].attention.v_proj.weight.copy_(expected_weights.dense())
    tokens = torch.randint(0, 101, (1, 9))
    expected = logits(model, tokens)
    prepared = prepare(model, "none", weights={"layers.0.attention.v_proj.weight": expected_weights})
    assert [isinstance(layer, FusedLayer) for layer in prepared.layers] == [False, True]
    torch.testing.assert_close(logits(prepared, tokens), expected, atol=1e-5, rtol=1e-5)


def test_widths_that_do_not_divide_stay_dense():
    config = FAMILIES["llama"].model_copy(update={"intermediate_size": 80})
    torch.manual_seed(0)
    prepared = prepare(Transformer(config), "q8_0")
    weights = prepared.layers[0].weights
    assert (weights.gate_up.kind, weights.down.kind) == ("q8_0", "bfloat16")


def test_a_prepared_model_is_refused():
    with pytest.raises(ConfigError, match="the model has been prepared before; load it again"):
        prepare(prepare(build("llama")))


def test_an_unknown_scheme_is_refused():
    with pytest.raises(ConfigError, match="unknown weight format 'int3'; choose one of none, float32"):
        prepare(build("llama"), "int3")
