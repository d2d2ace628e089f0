"""Qwen3-MoE: the published file, and that of transformers 5."""

from __future__ import annotations

import pytest

from fathom.base.errors import ConfigError
from fathom.checkpoint.hf.config import read_config
from fathom.model.families.qwen3_moe import QWEN3_MOE
from fathom.model.presets import PRESETS

QWEN3_30B_A3B = {
    "architectures": ["Qwen3MoeForCausalLM"],
    "attention_bias": False,
    "attention_dropout": 0.0,
    "bos_token_id": 151643,
    "decoder_sparse_step": 1,
    "eos_token_id": 151645,
    "head_dim": 128,
    "hidden_act": "silu",
    "hidden_size": 2048,
    "initializer_range": 0.02,
    "intermediate_size": 6144,
    "max_position_embeddings": 40960,
    "max_window_layers": 48,
    "mlp_only_layers": [],
    "model_type": "qwen3_moe",
    "moe_intermediate_size": 768,
    "norm_topk_prob": True,
    "num_attention_heads": 32,
    "num_experts": 128,
    "num_experts_per_tok": 8,
    "num_hidden_layers": 48,
    "num_key_value_heads": 4,
    "output_router_logits": False,
    "rms_norm_eps": 1e-06,
    "rope_scaling": None,
    "rope_theta": 1000000.0,
    "router_aux_loss_coef": 0.001,
    "sliding_window": None,
    "tie_word_embeddings": False,
    "torch_dtype": "bfloat16",
    "transformers_version": "4.51.0",
    "use_cache": True,
    "use_sliding_window": False,
    "vocab_size": 151936,
}


def test_the_published_file() -> None:
    assert read_config(QWEN3_30B_A3B).model == PRESETS["qwen3-30b-a3b"]


def test_transformers_5_names_the_experts_otherwise() -> None:
    renamed = {key: value for key, value in QWEN3_30B_A3B.items() if key != "num_experts"}
    for values in (renamed, QWEN3_30B_A3B):
        assert read_config(values | {"num_local_experts": 128}).model == PRESETS["qwen3-30b-a3b"]
    with pytest.raises(ConfigError, match="lacks 'num_experts'"):
        read_config(renamed)


def test_it_has_no_shared_expert() -> None:
    assert not any("shared" in rule.ours for rule in QWEN3_MOE.hf_names + QWEN3_MOE.gguf_names)
