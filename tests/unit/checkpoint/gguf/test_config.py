"""GGUF metadata of published files, and the files that must be refused."""

import contextlib
import math
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tiny_models import TINY, tiny_config

from fathom.base.errors import ConfigError, FathomError
from fathom.checkpoint.gguf.config import RopeTensors, llama3_divisors, read_config, write_config
from fathom.model.config import (
    GQAConfig,
    LinearScaling,
    Llama3Scaling,
    LongRopeScaling,
    MLAConfig,
    ModelConfig,
    MoEConfig,
    RopeConfig,
    YarnScaling,
)
from fathom.model.rope import inverse_frequencies, magnitude

SMOLLM2: dict[str, Any] = {
    "general.architecture": "llama",
    "llama.block_count": 30,
    "llama.context_length": 8192,
    "llama.embedding_length": 576,
    "llama.feed_forward_length": 1536,
    "llama.attention.head_count": 9,
    "llama.attention.head_count_kv": 3,
    "llama.rope.freq_base": 100000.0,
    "llama.attention.layer_norm_rms_epsilon": 9.999999747378752e-06,
    "llama.vocab_size": 49152,
    "llama.rope.dimension_count": 64,
}

YARN = {
    "llama.rope.scaling.type": "yarn",
    "llama.rope.scaling.factor": 4.0,
    "llama.rope.scaling.original_context_length": 2048,
}

# V2-Lite as converters wrote it before 2025 (heads in the plain lengths, no gating key) …
V2_LITE: dict[str, Any] = {
    "general.architecture": "deepseek2",
    "deepseek2.block_count": 27,
    "deepseek2.context_length": 163840,
    "deepseek2.embedding_length": 2048,
    "deepseek2.feed_forward_length": 10944,
    "deepseek2.attention.head_count": 16,
    "deepseek2.attention.head_count_kv": 16,
    "deepseek2.rope.freq_base": 10000.0,
    "deepseek2.attention.layer_norm_rms_epsilon": 9.999999974752427e-07,
    "deepseek2.expert_used_count": 6,
    "deepseek2.leading_dense_block_count": 1,
    "deepseek2.vocab_size": 102400,
    "deepseek2.attention.kv_lora_rank": 512,
    "deepseek2.attention.key_length": 192,
    "deepseek2.attention.value_length": 128,
    "deepseek2.expert_feed_forward_length": 1408,
    "deepseek2.expert_count": 64,
    "deepseek2.expert_shared_count": 2,
    "deepseek2.expert_weights_scale": 1.0,
    "deepseek2.rope.dimension_count": 64,
    "deepseek2.rope.scaling.type": "yarn",
    "deepseek2.rope.scaling.factor": 40.0,
    "deepseek2.rope.scaling.original_context_length": 4096,
    "deepseek2.rope.scaling.yarn_log_multiplier": 0.0707000046968460,
}

# … and V3's keys as they are written since (the absorbed form in the plain lengths)
V3: dict[str, Any] = V2_LITE | {
    "deepseek2.block_count": 61,
    "deepseek2.attention.head_count": 128,
    "deepseek2.attention.head_count_kv": 1,
    "deepseek2.attention.q_lora_rank": 1536,
    "deepseek2.attention.key_length": 576,
    "deepseek2.attention.value_length": 512,
    "deepseek2.attention.key_length_mla": 192,
    "deepseek2.attention.value_length_mla": 128,
    "deepseek2.expert_count": 256,
    "deepseek2.expert_used_count": 8,
    "deepseek2.expert_gating_func": 2,
    "deepseek2.expert_group_count": 8,
    "deepseek2.expert_group_used_count": 4,
    "deepseek2.expert_weights_norm": True,
    "deepseek2.expert_weights_scale": 2.5,
    "deepseek2.rope.scaling.yarn_log_multiplier": 0.1,
}


def test_the_published_smollm2() -> None:
    assert read_config(SMOLLM2, ["token_embd.weight"]) == ModelConfig(
        family="llama",
        vocab_size=49152,
        hidden_size=576,
        intermediate_size=1536,
        num_layers=30,
        attention=GQAConfig(num_heads=9, num_kv_heads=3, head_dim=64),
        rope=RopeConfig(theta=100000),
        max_position=8192,
        norm_eps=1e-5,
        tie_embeddings=True,
    )


def test_an_older_v2_lite() -> None:
    read = read_config(V2_LITE, ["output.weight"])

    assert read.family == "deepseek_v2"
    assert not read.tie_embeddings
    assert read.attention == MLAConfig(
        num_heads=16, kv_lora_rank=512, qk_nope_head_dim=128, qk_rope_head_dim=64, v_head_dim=128
    )
    assert read.moe == MoEConfig(
        num_experts=64,
        experts_per_token=6,
        num_shared_experts=2,
        intermediate_size=1408,
        scoring="softmax",
        selection="greedy",
        first_dense_layers=1,
    )
    assert read.rope == RopeConfig(
        theta=10000,
        interleaved=True,
        scaling=YarnScaling(factor=40, original_max_position=4096, mscale=0.707, mscale_all_dim=0.707),
    )


def test_a_current_v3() -> None:
    read = read_config(V3, ["output.weight", "blk.3.exp_probs_b.bias"])

    assert read.family == "deepseek_v3"
    assert read.attention == MLAConfig(
        num_heads=128, q_lora_rank=1536, kv_lora_rank=512, qk_nope_head_dim=128, qk_rope_head_dim=64, v_head_dim=128
    )
    assert read.moe is not None
    assert (read.moe.scoring, read.moe.selection, read.moe.num_groups, read.moe.topk_groups) == (
        "sigmoid",
        "noaux_tc",
        8,
        4,
    )
    assert (read.moe.normalize, read.moe.routed_scaling_factor) == (True, 2.5)


@pytest.mark.parametrize("factor", [8, 32])
def test_llama3_scaling_is_recognized_by_its_divisors(factor: float) -> None:
    scaling = Llama3Scaling(factor=factor, low_freq_factor=1, high_freq_factor=4, original_max_position=8192)
    divisors = llama3_divisors(scaling, 100000.0, 64)
    assert (divisors[0], divisors[-1]) == (1, factor)
    assert read_config(SMOLLM2, [], RopeTensors(divisors)).rope.scaling == scaling
    assert read_config(SMOLLM2, [], RopeTensors(np.ones(32, dtype=np.float32))).rope.scaling is None


@pytest.mark.parametrize("name", TINY)
def test_what_is_written_reads_back_equal(name: str) -> None:
    config = tiny_config(name)
    tensors = [] if config.tie_embeddings else ["output.weight"]
    tensors += [f"blk.{config.num_layers}.nextn.eh_proj.weight"] * config.num_mtp_layers
    tensors += ["blk.0.attn_q.bias"] if config.family == "qwen2_moe" else []
    if config.moe is not None and config.moe.selection == "noaux_tc":
        tensors.append("blk.1.exp_probs_b.bias")
    scaling = config.rope.scaling
    rope_tensors = RopeTensors()
    if isinstance(scaling, Llama3Scaling):
        rope_tensors = RopeTensors(llama3_divisors(scaling, config.rope.theta, config.attention.rope_dim))
    if isinstance(scaling, LongRopeScaling):
        rope_tensors = RopeTensors(None, np.float32(scaling.long_factors), np.float32(scaling.short_factors))
    if config.attention.kind == "gqa" and config.attention.qkv_bias:
        tensors.append("blk.0.attn_q.bias")
    written = "llama" if name == "tiny-mistral" else config.family  # they share an architecture
    assert read_config(write_config(config), tensors, rope_tensors) == config.model_copy(update={"family": written})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"general.architecture": "mamba"},
            "unknown GGUF architecture 'mamba'; these can be loaded: deepseek2, gemma2, gemma3, glm4",
        ),
        ({"general.architecture": None}, "unknown GGUF architecture None"),
        ({"llama.block_count": None}, "metadata lacks 'llama.block_count'; convert the model anew"),
        ({"llama.block_count": "thirty"}, "llama.block_count is 'thirty', not a whole number"),
        ({"llama.block_count": 0}, "metadata cannot be built: num_layers: Input should be greater than 0"),
        ({"llama.attention.head_count": [9, 8]}, "llama.attention.head_count differs between layers"),
        ({"llama.attention.head_count_kv": 2}, "num_heads 9 must be a multiple of num_kv_heads 2"),
        ({"llama.rope.dimension_count": 32}, "llama.rope.dimension_count differs from the head's 64 channels"),
        ({"llama.attention.layer_norm_rms_epsilon": "x"}, "norm_eps"),
        (
            {"llama.rope.scaling.type": "longrope", "llama.rope.scaling.factor": 2.0},
            "lacks rope_factors_long.weight or rope_factors_short.weight",
        ),
        ({"llama.rope.scaling.type": "ntk"}, "is 'ntk'; none, linear, yarn, longrope are implemented"),
        ({"llama.expert_count": 8}, "holds a Mixtral, which is not implemented"),
        ({"llama.rope.scaling.attn_factor": 0.5}, "attn_factor without yarn is not implemented"),
        ({"llama.rope.scaling.alpha": 1000.0}, "rope.scaling.alpha is not implemented"),
        ({**YARN, "llama.rope.scaling.yarn_ext_factor": 0.0}, "yarn_ext_factor is not implemented"),
    ],
)
def test_refusals(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        read_config(SMOLLM2 | change, [])


@pytest.mark.parametrize(
    "values",
    [
        {"llama.rope.scaling.type": "linear", "llama.rope.scaling.factor": 4.0},
        {"llama.rope.scaling.factor": 4.0},
        {"llama.rope.scale_linear": 4.0},
    ],
)
def test_linear_scaling_under_each_of_its_names(values: dict[str, Any]) -> None:
    """llama.cpp takes a factor without a type as linear; files older than the types have scale_linear."""
    rope = read_config(SMOLLM2 | values, []).rope
    assert rope.scaling == LinearScaling(factor=4.0)


def test_a_factor_beside_the_type_none_is_ignored() -> None:
    values = {"llama.rope.scaling.type": "none", "llama.rope.scaling.factor": 4.0}
    assert read_config(SMOLLM2 | values, []).rope.scaling is None


@pytest.mark.parametrize("key", ["attn_factor", "yarn_attn_factor"])
def test_the_magnitude_of_yarn_is_multiplied(key: str) -> None:
    rope = read_config(SMOLLM2 | YARN | {f"llama.rope.scaling.{key}": 0.878}, []).rope
    assert magnitude(rope) == pytest.approx(0.878 * (0.1 * math.log(4) + 1), rel=1e-6)


def test_yarn_extends_a_context_that_is_left_at_the_original() -> None:
    assert read_config(SMOLLM2 | YARN | {"llama.context_length": 2048}, []).max_position == 8192
    assert read_config(SMOLLM2 | YARN | {"llama.context_length": 8192}, []).max_position == 8192


@pytest.mark.parametrize(
    "scaling",
    [
        LinearScaling(factor=4),
        YarnScaling(factor=4, original_max_position=64, attn_factor=0.878),
        YarnScaling(factor=4, original_max_position=64, attention_factor=1.0),
        YarnScaling(factor=4, original_max_position=64, mscale=1.0, mscale_all_dim=0.5),
    ],
)
def test_a_written_scaling_computes_the_same(scaling: LinearScaling | YarnScaling) -> None:
    config = tiny_config("tiny-qwen3", rope=RopeConfig(scaling=scaling))
    again = read_config(write_config(config), ["output.weight"]).rope
    assert torch.equal(inverse_frequencies(again, 32), inverse_frequencies(config.rope, 32))
    assert magnitude(again) == pytest.approx(magnitude(config.rope), rel=1e-6)


def test_a_scaling_that_gguf_cannot_say_is_not_written() -> None:
    scaling = YarnScaling(factor=4, original_max_position=64, truncate=False)
    with pytest.raises(ConfigError, match="cannot say that YaRN's bounds are not whole channels; save a directory"):
        write_config(tiny_config("tiny-qwen3", rope=RopeConfig(scaling=scaling)))


def test_an_unknown_gating_function() -> None:
    with pytest.raises(ConfigError, match=r"expert_gating_func is 4; 1 \(softmax\) and 2 \(sigmoid\)"):
        read_config(V3 | {"deepseek2.expert_gating_func": 4}, [])


def test_an_unknown_rope_scaling() -> None:
    with pytest.raises(ConfigError, match=r"a rope scaling that we do not know; choose another"):
        read_config(SMOLLM2, [], RopeTensors(np.linspace(1, 3, 32, dtype=np.float32)))


JUNK = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(),
    st.text(max_size=5),
    st.lists(st.one_of(st.integers(-3, 3), st.text(max_size=2)), max_size=3),
    st.dictionaries(
        st.sampled_from(["type", "rope_type", "factor"]), st.sampled_from(["yarn", 1, None, []]), max_size=3
    ),
)


@example(key="deepseek2.rope.scaling.yarn_log_multiplier", value=3e38)
@given(key=st.sampled_from(sorted(V3)), value=JUNK)
@settings(max_examples=400, deadline=None)
def test_a_value_of_any_kind_in_any_place_is_read_or_refused(key: str, value: Any) -> None:
    values = V3 | {key: value}
    with contextlib.suppress(FathomError):  # any other exception fails the test
        read_config(values, ["output.weight"])
