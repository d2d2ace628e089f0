"""Gemma 3 as published: gemma-3-1b-it, and the text of gemma-3-4b-it."""

from __future__ import annotations

from typing import Any

import pytest

from fathom.checkpoint.hf.config import read_config, write_config
from fathom.model.families.gemma3 import GEMMA3
from fathom.model.presets import PRESETS

GEMMA_3_1B_IT: dict[str, Any] = {
    "architectures": ["Gemma3ForCausalLM"],
    "attention_bias": False,
    "attention_dropout": 0.0,
    "attn_logit_softcapping": None,
    "bos_token_id": 2,
    "cache_implementation": "hybrid",
    "eos_token_id": [1, 106],
    "final_logit_softcapping": None,
    "head_dim": 256,
    "hidden_activation": "gelu_pytorch_tanh",
    "hidden_size": 1152,
    "initializer_range": 0.02,
    "intermediate_size": 6912,
    "max_position_embeddings": 32768,
    "model_type": "gemma3_text",
    "num_attention_heads": 4,
    "num_hidden_layers": 26,
    "num_key_value_heads": 1,
    "pad_token_id": 0,
    "query_pre_attn_scalar": 256,
    "rms_norm_eps": 1e-06,
    "rope_local_base_freq": 10000,
    "rope_scaling": None,
    "rope_theta": 1000000,
    "sliding_window": 512,
    "sliding_window_pattern": 6,
    "torch_dtype": "bfloat16",
    "transformers_version": "4.50.0.dev0",
    "use_cache": True,
    "vocab_size": 262144,
}

GEMMA_3_4B_IT: dict[str, Any] = {
    "architectures": ["Gemma3ForConditionalGeneration"],
    "boi_token_index": 255999,
    "eoi_token_index": 256000,
    "eos_token_id": [1, 106],
    "image_token_index": 262144,
    "initializer_range": 0.02,
    "mm_tokens_per_image": 256,
    "model_type": "gemma3",
    "text_config": {
        "hidden_size": 2560,
        "intermediate_size": 10240,
        "model_type": "gemma3_text",
        "num_hidden_layers": 34,
        "rope_scaling": {"factor": 8.0, "rope_type": "linear"},
        "sliding_window": 1024,
    },
    "torch_dtype": "bfloat16",
    "transformers_version": "4.50.0.dev0",
    "vision_config": {"hidden_size": 1152, "model_type": "siglip_vision_model", "num_hidden_layers": 27},
}


def test_the_published_file_of_the_text_model() -> None:
    assert read_config(GEMMA_3_1B_IT).model == PRESETS["gemma-3-1b"]
    saved_anew = {
        **GEMMA_3_1B_IT,
        "_sliding_window_pattern": 6,
        "layer_types": (["sliding_attention"] * 5 + ["full_attention"]) * 4 + ["sliding_attention"] * 2,
        "use_bidirectional_attention": False,
    }
    assert read_config(saved_anew).model == PRESETS["gemma-3-1b"]


def test_another_pattern() -> None:
    window = read_config(GEMMA_3_1B_IT | {"sliding_window_pattern": 2}).model.window
    assert window is not None
    assert window.layers == tuple(range(0, 26, 2))


def test_the_published_file_of_a_model_that_sees() -> None:
    read = read_config(GEMMA_3_4B_IT)
    assert read.model == PRESETS["gemma-3-4b"]
    assert (read.dtype, read.eos_ids, read.is_multimodal) == ("bfloat16", (1, 106), True)
    assert read.notes == (
        "the model understands text and images: its text part is loaded, images cannot be given to it",
    )


@pytest.mark.parametrize("name", ["gemma-3-1b", "gemma-3-27b"])
def test_what_is_written_reads_back(name: str) -> None:
    written = write_config(PRESETS[name], dtype="bfloat16")
    assert (written["architectures"], written["model_type"]) == (["Gemma3ForCausalLM"], "gemma3_text")
    assert read_config(written).model == PRESETS[name]


def test_gguf_files_leave_out_the_base_within_the_window() -> None:
    assert GEMMA3.gguf_defaults == {"rope.freq_base_swa": 10_000.0}
    assert GEMMA3.write_gguf(PRESETS["gemma-3-1b"])["rope.freq_base_swa"] == 10_000.0
