"""Llama 3: what its config.json says, and the permuted queries and keys of its GGUF files."""

from __future__ import annotations

import pytest
from family_keys import GGUFValues, HFValues

from fathom.base.errors import ConfigError
from fathom.model.config import GQAConfig
from fathom.model.families.llama import LLAMA
from fathom.model.families.tensor_names import Layout
from fathom.model.presets import PRESETS


def test_heads_take_their_size_from_the_width() -> None:
    keys = HFValues(hidden_size=4096, num_attention_heads=32, num_key_value_heads=8)
    assert LLAMA.read_hf(keys) == {"attention": GQAConfig(num_heads=32, num_kv_heads=8, head_dim=128)}


def test_other_readers_find_its_constants() -> None:
    written = LLAMA.write_hf(PRESETS["tiny-llama"])
    assert (written["attention_bias"], written["mlp_bias"]) == (False, False)


def test_queries_and_keys_are_permuted_in_gguf_and_values_are_not() -> None:
    layouts = {rule.theirs: rule.layout for rule in LLAMA.gguf_names}
    assert layouts["attn_q.weight"] is Layout.ROTARY_Q
    assert layouts["attn_k.weight"] is Layout.ROTARY_K
    assert layouts["attn_v.weight"] is Layout.SAME


def test_mixtral_is_refused() -> None:
    with pytest.raises(ConfigError, match="Mixtral, which is not implemented"):
        LLAMA.matches_gguf(GGUFValues(attention__head_count=8, embedding_length=64, expert_count=8))
