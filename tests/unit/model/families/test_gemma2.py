"""Gemma 2 as published: gemma-2-2b-it."""

from __future__ import annotations

from typing import Any

import pytest
from family_keys import GGUFValues

from fathom.checkpoint.hf.config import read_config, write_config
from fathom.model.families.gemma2 import GEMMA2
from fathom.model.presets import PRESETS

GEMMA_2_2B_IT: dict[str, Any] = {
    "architectures": ["Gemma2ForCausalLM"],
    "attention_bias": False,
    "attention_dropout": 0.0,
    "attn_logit_softcapping": 50.0,
    "bos_token_id": 2,
    "cache_implementation": "hybrid",
    "eos_token_id": [1, 107],
    "final_logit_softcapping": 30.0,
    "head_dim": 256,
    "hidden_act": "gelu_pytorch_tanh",
    "hidden_activation": "gelu_pytorch_tanh",
    "hidden_size": 2304,
    "initializer_range": 0.02,
    "intermediate_size": 9216,
    "max_position_embeddings": 8192,
    "model_type": "gemma2",
    "num_attention_heads": 8,
    "num_hidden_layers": 26,
    "num_key_value_heads": 4,
    "pad_token_id": 0,
    "query_pre_attn_scalar": 256,
    "rms_norm_eps": 1e-06,
    "rope_theta": 10000.0,
    "sliding_window": 4096,
    "torch_dtype": "bfloat16",
    "transformers_version": "4.42.4",
    "use_cache": True,
    "vocab_size": 256000,
}


def test_the_published_file() -> None:
    assert read_config(GEMMA_2_2B_IT).model == PRESETS["gemma-2-2b"]


@pytest.mark.parametrize(
    "absent",
    ["attn_logit_softcapping", "final_logit_softcapping", "sliding_window", "query_pre_attn_scalar", "head_dim"],
)
def test_absent_keys_take_the_defaults_of_transformers(absent: str) -> None:
    values = {key: value for key, value in GEMMA_2_2B_IT.items() if key != absent}
    assert read_config(values).model == PRESETS["gemma-2-2b"]


def test_null_is_not_absent() -> None:
    model = read_config(GEMMA_2_2B_IT | {"attn_logit_softcapping": None, "final_logit_softcapping": None}).model
    assert (model.attention.softcap, model.logit_softcap) == (None, None)  # type: ignore[union-attr]
    assert read_config(GEMMA_2_2B_IT | {"sliding_window": None}).model.window is None


@pytest.mark.parametrize("name", ["gemma-2-2b", "gemma-2-27b"])
def test_what_is_written_reads_back(name: str) -> None:
    assert read_config(write_config(PRESETS[name], dtype="bfloat16")).model == PRESETS[name]


def test_gguf_files_without_the_keys_are_capped_and_slide() -> None:
    keys = GGUFValues(
        attention__head_count=8,
        attention__head_count_kv=4,
        attention__key_length=256,
        attention__value_length=256,
        block_count=26,
        embedding_length=2304,
        **GEMMA2.gguf_defaults,
    )
    expected = PRESETS["gemma-2-2b"]
    fields = GEMMA2.read_gguf(keys)
    assert {name: getattr(expected, name) for name in fields} == fields
