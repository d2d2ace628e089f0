"""Qwen3: norms on queries and keys, heads of 128 channels whatever the width."""

from __future__ import annotations

from family_keys import HFValues

from fathom.model.config import GQAConfig
from fathom.model.families.qwen3 import QWEN3


def test_heads_have_128_channels_unless_the_file_says_otherwise() -> None:
    """The sizes of Qwen3-0.6B."""
    sizes = {"hidden_size": 1024, "num_attention_heads": 16, "num_key_value_heads": 8}
    expected = GQAConfig(num_heads=16, num_kv_heads=8, head_dim=128, qk_norm=True)
    assert QWEN3.read_hf(HFValues(**sizes)) == {"attention": expected}
    assert QWEN3.read_hf(HFValues(**sizes, head_dim=64))["attention"].head_dim == 64


def test_norms_have_names_in_both_formats() -> None:
    for rules in (QWEN3.hf_names, QWEN3.gguf_names):
        assert {"attention.q_norm.weight", "attention.k_norm.weight"} <= {rule.ours for rule in rules}
