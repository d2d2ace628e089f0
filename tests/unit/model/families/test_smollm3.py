"""SmolLM3: layers that rotate nothing, in the published file and in GGUF."""

from __future__ import annotations

from typing import Any

import pytest
from family_keys import HFValues
from tiny_models import tiny_config

from fathom.base.errors import ConfigError
from fathom.checkpoint.gguf.config import read_config as read_gguf
from fathom.checkpoint.gguf.config import write_config as write_gguf
from fathom.checkpoint.hf.config import read_config
from fathom.model.families.smollm3 import SMOLLM3
from fathom.model.presets import PRESETS

SMOLLM3_3B: dict[str, Any] = {
    "architectures": ["SmolLM3ForCausalLM"],
    "attention_bias": False,
    "attention_dropout": 0.0,
    "bos_token_id": 128000,
    "eos_token_id": 128012,
    "hidden_act": "silu",
    "hidden_size": 2048,
    "initializer_range": 0.02,
    "intermediate_size": 11008,
    "layer_types": ["full_attention"] * 36,
    "max_position_embeddings": 65536,
    "max_window_layers": 28,
    "mlp_bias": False,
    "model_type": "smollm3",
    "no_rope_layer_interval": 4,
    "no_rope_layers": [1, 1, 1, 0] * 9,
    "num_attention_heads": 16,
    "num_hidden_layers": 36,
    "num_key_value_heads": 4,
    "pad_token_id": 128012,
    "pretraining_tp": 2,
    "rms_norm_eps": 1e-06,
    "rope_scaling": None,
    "rope_theta": 5000000.0,
    "sliding_window": None,
    "torch_dtype": "bfloat16",
    "transformers_version": "4.54.0.dev0",
    "use_cache": False,
    "use_sliding_window": False,
    "vocab_size": 128256,
}


def test_the_published_file_leaves_out_that_the_head_is_tied() -> None:
    assert read_config(SMOLLM3_3B).model == PRESETS["smollm3-3b"]


@pytest.mark.parametrize(
    ("values", "layers"),
    [
        ({}, (3,)),
        ({"no_rope_layer_interval": 2}, (1, 3, 5)),
        ({"no_rope_layers": [0, 1, 1, 1, 1, 1]}, (0,)),
        ({"no_rope_layers": [1] * 6, "no_rope_layer_interval": 2}, ()),
    ],
)
def test_layers_without_rotation_by_interval_and_by_list(values: dict[str, Any], layers: tuple[int, ...]) -> None:
    keys = HFValues(hidden_size=64, num_attention_heads=4, num_hidden_layers=6, **values)
    assert SMOLLM3.read_hf(keys)["nope_layers"] == layers


def test_a_list_that_is_too_short_is_refused() -> None:
    keys = HFValues(hidden_size=64, num_attention_heads=4, num_hidden_layers=3, no_rope_layers=[1, 0])
    with pytest.raises(ConfigError, match="2 no_rope_layers for 3 layers; name one for each"):
        SMOLLM3.read_hf(keys)


def test_gguf_means_every_fourth_layer() -> None:
    config = tiny_config("tiny-smollm3")
    assert read_gguf(write_gguf(config), []) == config
    other = config.model_copy(update={"nope_layers": (0, 2)})
    with pytest.raises(ConfigError, match="every 4th layer rotates nothing, and here these do not: 0, 2; save a"):
        write_gguf(other)
