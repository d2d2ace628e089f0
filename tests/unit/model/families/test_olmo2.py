"""OLMo 2 as published: OLMo-2-0425-1B; OLMo 3 in GGUF is refused."""

from __future__ import annotations

from typing import Any

import pytest
from family_keys import GGUFValues

from fathom.base.errors import ConfigError
from fathom.checkpoint.hf.config import read_config, write_config
from fathom.model.families.olmo2 import OLMO2
from fathom.model.presets import PRESETS

OLMO_2_1B: dict[str, Any] = {
    "architectures": ["Olmo2ForCausalLM"],
    "attention_bias": False,
    "attention_dropout": 0.0,
    "eos_token_id": 100257,
    "hidden_act": "silu",
    "hidden_size": 2048,
    "initializer_range": 0.02,
    "intermediate_size": 8192,
    "max_position_embeddings": 4096,
    "model_type": "olmo2",
    "num_attention_heads": 16,
    "num_hidden_layers": 16,
    "num_key_value_heads": 16,
    "pad_token_id": 100277,
    "rms_norm_eps": 1e-06,
    "rope_scaling": None,
    "rope_theta": 500000,
    "tie_word_embeddings": False,
    "torch_dtype": "float32",
    "transformers_version": "4.47.1",
    "use_cache": False,
    "vocab_size": 100352,
}


def test_the_published_file() -> None:
    assert read_config(OLMO_2_1B).model == PRESETS["olmo-2-1b"]
    assert read_config(write_config(PRESETS["olmo-2-1b"], dtype="float32")).model == PRESETS["olmo-2-1b"]


def test_its_epsilon_has_a_default_of_its_own() -> None:
    values = {key: value for key, value in OLMO_2_1B.items() if key != "rms_norm_eps"}
    assert read_config(values).model.norm_eps == 1e-5


def test_olmo_3_shares_the_architecture_and_is_refused() -> None:
    assert OLMO2.matches_gguf(GGUFValues())
    with pytest.raises(ConfigError, match="holds an OLMo 3, which is not implemented"):
        OLMO2.matches_gguf(GGUFValues(attention__sliding_window=4096))
