"""Phi-3 and Phi-4 as published: Phi-3-mini-4k and -128k, Phi-4, Phi-4-mini."""

from __future__ import annotations

import math
from typing import Any

import pytest

from fathom.base.errors import ConfigError
from fathom.checkpoint.hf.config import read_config, write_config
from fathom.model.config import GQAConfig, LongRopeScaling, SlidingWindow
from fathom.model.families.phi3 import PHI3
from fathom.model.presets import PRESETS

PHI_3_MINI_4K: dict[str, Any] = {
    "_name_or_path": "Phi-3-mini-4k-instruct",
    "architectures": ["Phi3ForCausalLM"],
    "attention_bias": False,
    "attention_dropout": 0.0,
    "auto_map": {
        "AutoConfig": "configuration_phi3.Phi3Config",
        "AutoModelForCausalLM": "modeling_phi3.Phi3ForCausalLM",
    },
    "bos_token_id": 1,
    "embd_pdrop": 0.0,
    "eos_token_id": 32000,
    "hidden_act": "silu",
    "hidden_size": 3072,
    "initializer_range": 0.02,
    "intermediate_size": 8192,
    "max_position_embeddings": 4096,
    "model_type": "phi3",
    "num_attention_heads": 32,
    "num_hidden_layers": 32,
    "num_key_value_heads": 32,
    "original_max_position_embeddings": 4096,
    "pad_token_id": 32000,
    "resid_pdrop": 0.0,
    "rms_norm_eps": 1e-05,
    "rope_scaling": None,
    "rope_theta": 10000.0,
    "sliding_window": 2047,
    "tie_word_embeddings": False,
    "torch_dtype": "bfloat16",
    "transformers_version": "4.40.2",
    "use_cache": True,
    "vocab_size": 32064,
}
FACTORS = {"long_factor": [1.1 + pair for pair in range(48)], "short_factor": [1.0] * 48, "type": "longrope"}
PHI_3_MINI_128K = PHI_3_MINI_4K | {
    "max_position_embeddings": 131072,
    "rope_scaling": FACTORS,
    "sliding_window": 262144,
}
PHI_4: dict[str, Any] = PHI_3_MINI_4K | {
    "bos_token_id": 100257,
    "eos_token_id": 100265,
    "hidden_size": 5120,
    "intermediate_size": 17920,
    "max_position_embeddings": 16384,
    "num_attention_heads": 40,
    "num_hidden_layers": 40,
    "num_key_value_heads": 10,
    "original_max_position_embeddings": 16384,
    "rope_theta": 250000,
    "sliding_window": None,
    "vocab_size": 100352,
}
PHI_4_MINI: dict[str, Any] = PHI_3_MINI_128K | {
    "full_attn_mod": 1,
    "interpolate_factor": 1,
    "lm_head_bias": False,
    "mlp_bias": False,
    "num_attention_heads": 24,
    "num_key_value_heads": 8,
    "partial_rotary_factor": 0.75,
    "tie_word_embeddings": True,
    "vocab_size": 200064,
}


def test_the_published_files_without_scaling() -> None:
    assert read_config(PHI_3_MINI_4K).model == PRESETS["phi-3-mini-4k"]
    assert read_config(PHI_4).model == PRESETS["phi-4"]


@pytest.mark.parametrize("kind", ["longrope", "su"])
def test_the_long_context(kind: str) -> None:
    model = read_config(PHI_3_MINI_128K | {"rope_scaling": FACTORS | {"type": kind}}).model
    assert model.max_position == 131072
    assert model.short_length == 4096
    assert model.window == SlidingWindow(size=262144, layers=tuple(range(32)))
    scaling = model.rope.scaling
    assert isinstance(scaling, LongRopeScaling)
    assert scaling.attention_factor == math.sqrt(1 + math.log(32) / math.log(4096))


def test_phi_4_mini_rotates_three_quarters_of_a_head() -> None:
    model = read_config(PHI_4_MINI).model
    assert model.attention == GQAConfig(num_heads=24, num_kv_heads=8, head_dim=128, rotary_dim=96)
    assert model.tie_embeddings


def test_each_projection_has_a_fused_name_in_both_formats_and_one_of_its_own() -> None:
    for rules, qkv, gate_up in (
        (PHI3.hf_names, "self_attn.qkv_proj.weight", "mlp.gate_up_proj.weight"),
        (PHI3.gguf_names, "attn_qkv.weight", "ffn_up.weight"),
    ):
        assert [r.ours for r in rules if r.theirs == qkv] == [f"attention.{part}_proj.weight" for part in "qkv"]
        assert [r.ours for r in rules if r.theirs == gate_up] == ["mlp.gate.weight", "mlp.up.weight"]


def test_gguf_files_say_that_phi_4_does_not_slide() -> None:
    assert PHI3.write_gguf(PRESETS["phi-4"])["attention.sliding_window"] == 0
    assert PHI3.write_gguf(PRESETS["phi-3-mini-4k"])["attention.sliding_window"] == 2047


@pytest.mark.parametrize("values", [PHI_3_MINI_4K, PHI_3_MINI_128K, PHI_4, PHI_4_MINI])
def test_what_is_written_reads_back(values: dict[str, Any]) -> None:
    model = read_config(values).model
    assert read_config(write_config(model, dtype="bfloat16")).model == model


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"full_attn_mod": 2}, "full_attn_mod = 2, which is not implemented"),
        ({"lm_head_bias": True}, "lm_head_bias = True, which is not implemented"),
        ({"rope_scaling": FACTORS | {"long_factor": [1.0] * 47}}, "48 short factors and 47 long ones"),
        ({"partial_rotary_factor": 0.5}, "longrope has 48 factors for 32 pairs of channels"),
        ({"rope_scaling": FACTORS | {"short_mscale": 1.1}}, "unknown keys: short_mscale"),
    ],
)
def test_refusals(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        read_config(PHI_4_MINI | change)
