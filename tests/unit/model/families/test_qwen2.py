"""Qwen2: biases on queries, keys and values."""

from __future__ import annotations

from family_keys import GGUFValues, HFValues

from fathom.model.config import GQAConfig
from fathom.model.families.qwen2 import QWEN2

EXPECTED = {"attention": GQAConfig(num_heads=12, num_kv_heads=2, head_dim=128, qkv_bias=True)}


def test_both_formats_say_the_same() -> None:
    """The sizes of Qwen2.5-1.5B."""
    assert QWEN2.read_hf(HFValues(hidden_size=1536, num_attention_heads=12, num_key_value_heads=2)) == EXPECTED
    keys = GGUFValues(embedding_length=1536, attention__head_count=12, attention__head_count_kv=2)
    assert QWEN2.read_gguf(keys) == EXPECTED


def test_biases_have_names_in_both_formats() -> None:
    for rules in (QWEN2.hf_names, QWEN2.gguf_names):
        assert {"attention.q_proj.bias", "attention.k_proj.bias", "attention.v_proj.bias"} <= {r.ours for r in rules}
