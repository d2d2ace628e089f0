"""Mistral: the published files of v0.1, v0.3 and Nemo, and GGUF files, which are Llama's."""

from __future__ import annotations

from typing import Any

import pytest
from tiny_models import tiny_config

from fathom.base.errors import ConfigError
from fathom.checkpoint.gguf.config import read_config as read_gguf
from fathom.checkpoint.gguf.config import write_config as write_gguf
from fathom.checkpoint.hf.config import read_config, write_config
from fathom.model.config import SlidingWindow
from fathom.model.families.llama import LLAMA
from fathom.model.families.mistral import MISTRAL
from fathom.model.presets import PRESETS

V01: dict[str, Any] = {
    "architectures": ["MistralForCausalLM"],
    "bos_token_id": 1,
    "eos_token_id": 2,
    "hidden_act": "silu",
    "hidden_size": 4096,
    "initializer_range": 0.02,
    "intermediate_size": 14336,
    "max_position_embeddings": 32768,
    "model_type": "mistral",
    "num_attention_heads": 32,
    "num_hidden_layers": 32,
    "num_key_value_heads": 8,
    "rms_norm_eps": 1e-05,
    "rope_theta": 10000.0,
    "sliding_window": 4096,
    "tie_word_embeddings": False,
    "torch_dtype": "bfloat16",
    "transformers_version": "4.34.0.dev0",
    "use_cache": True,
    "vocab_size": 32000,
}
V03 = V01 | {"rope_theta": 1000000.0, "sliding_window": None, "vocab_size": 32768, "attention_dropout": 0.0}
NEMO = V03 | {
    "head_dim": 128,
    "hidden_size": 5120,
    "max_position_embeddings": 131072,
    "num_hidden_layers": 40,
    "vocab_size": 131072,
}


@pytest.mark.parametrize(
    ("file", "name"), [(V01, "mistral-7b-v0.1"), (V03, "mistral-7b-v0.3"), (NEMO, "mistral-nemo-12b")]
)
def test_the_published_files(file: dict[str, Any], name: str) -> None:
    assert read_config(file).model == PRESETS[name]
    assert read_config(write_config(PRESETS[name], dtype="bfloat16")).model == PRESETS[name]


def test_a_file_that_names_no_window_has_that_of_v0_1() -> None:
    """As in transformers; null means none."""
    silent = {key: value for key, value in V01.items() if key != "sliding_window"}
    assert read_config(silent).model == PRESETS["mistral-7b-v0.1"]


def test_either_every_layer_slides_or_none() -> None:
    window = SlidingWindow(size=8, layers=(1,))
    with pytest.raises(ConfigError, match="1 of 2 layers slide, and in this family either all do or none"):
        write_config(tiny_config("tiny-mistral", window=window), dtype="float32")


def test_gguf_files_are_read_as_llama() -> None:
    config = tiny_config("tiny-mistral")
    read = read_gguf(write_gguf(config), ["output.weight"])
    assert read == config.model_copy(update={"family": "llama"})
    assert MISTRAL.gguf_names == LLAMA.gguf_names


def test_a_window_cannot_be_said_in_gguf_unless_it_is_never_left() -> None:
    config = tiny_config("tiny-mistral", window=SlidingWindow(size=8, layers=(0, 1)))
    with pytest.raises(ConfigError, match="has no window of 8 tokens; save a directory instead, or limit max_position"):
        write_gguf(config)
    within = config.model_copy(update={"max_position": 8})
    assert read_gguf(write_gguf(within), ["output.weight"]).window is None
