"""GLM-4 as published: GLM-4-9B-0414; GLM-4V in GGUF is refused."""

from __future__ import annotations

from typing import Any

import pytest
from family_keys import GGUFValues

from fathom.base.errors import ConfigError
from fathom.checkpoint.hf.config import read_config, write_config
from fathom.model.families.glm4 import GLM4
from fathom.model.presets import PRESETS

GLM_4_9B_0414: dict[str, Any] = {
    "architectures": ["Glm4ForCausalLM"],
    "attention_bias": True,
    "attention_dropout": 0.0,
    "eos_token_id": [151329, 151336, 151338],
    "head_dim": 128,
    "hidden_act": "silu",
    "hidden_size": 4096,
    "initializer_range": 0.02,
    "intermediate_size": 13696,
    "max_position_embeddings": 32768,
    "model_type": "glm4",
    "num_attention_heads": 32,
    "num_hidden_layers": 40,
    "num_key_value_heads": 2,
    "pad_token_id": 151329,
    "partial_rotary_factor": 0.5,
    "rms_norm_eps": 1e-05,
    "rope_theta": 10000.0,
    "tie_word_embeddings": False,
    "torch_dtype": "bfloat16",
    "transformers_version": "4.52.0.dev0",
    "use_cache": True,
    "vocab_size": 151552,
}


def test_the_published_file() -> None:
    assert read_config(GLM_4_9B_0414).model == PRESETS["glm-4-9b"]


@pytest.mark.parametrize("absent", ["attention_bias", "partial_rotary_factor", "head_dim", "num_key_value_heads"])
def test_absent_keys_take_the_defaults_of_transformers(absent: str) -> None:
    values = {key: value for key, value in GLM_4_9B_0414.items() if key != absent}
    assert read_config(values).model == PRESETS["glm-4-9b"]


@pytest.mark.parametrize("name", ["glm-4-9b", "glm-4-32b"])
def test_what_is_written_reads_back(name: str) -> None:
    written = write_config(PRESETS[name], dtype="bfloat16")
    assert written["attention_bias"] is (name == "glm-4-9b")
    assert written["rope_parameters"]["partial_rotary_factor"] == 0.5
    assert read_config(written).model == PRESETS[name]


def test_glm_4v_shares_the_architecture_and_is_refused() -> None:
    assert GLM4.matches_gguf(GGUFValues())
    with pytest.raises(ConfigError, match="holds a GLM-4V, which is not implemented"):
        GLM4.matches_gguf(GGUFValues(rope__dimension_sections=[8, 12, 12, 0]))
