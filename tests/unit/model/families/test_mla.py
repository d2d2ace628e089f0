"""Latent attention and experts: the keys of both formats, in both directions."""

from __future__ import annotations

import pytest
from family_keys import GGUFValues, HFValues

from fathom.base.errors import ConfigError
from fathom.model.config import MLAConfig
from fathom.model.families import mla
from fathom.model.presets import PRESETS

V3 = PRESETS["deepseek-v3"]


def test_what_is_written_as_hugging_face_s_reads_back() -> None:
    keys = HFValues(**mla.write_hf(V3))
    assert mla.read_hf(keys, scoring="softmax", selection="greedy", normalize=False) == {
        "attention": V3.attention,
        "moe": V3.moe,
    }
    assert keys.known >= set(keys.values) - {"attention_bias"}


def test_what_is_written_as_gguf_reads_back() -> None:
    assert isinstance(V3.attention, MLAConfig)
    values = mla.write_gguf(V3) | {
        "attention.head_count": V3.attention.num_heads,
        "rope.dimension_count": V3.attention.qk_rope_head_dim,
    }
    keys = GGUFValues(tensors=["blk.3.exp_probs_b.bias"], **values)
    assert mla.read_gguf(keys) == {"attention": V3.attention, "moe": V3.moe}


def test_older_files_have_the_lengths_of_the_heads() -> None:
    """V2-Lite as converted before llama.cpp absorbed kv_up."""
    keys = GGUFValues(
        attention__head_count=16,
        attention__kv_lora_rank=512,
        attention__key_length=192,
        attention__value_length=128,
        rope__dimension_count=64,
    )
    expected = MLAConfig(
        num_heads=16, q_lora_rank=None, kv_lora_rank=512, qk_nope_head_dim=128, qk_rope_head_dim=64, v_head_dim=128
    )
    assert mla.read_gguf(keys) == {"attention": expected, "moe": None}


@pytest.mark.parametrize(("code", "scoring"), [(None, "softmax"), (1, "softmax"), (2, "sigmoid")])
def test_the_gating_function_names_the_scoring(code: int | None, scoring: str) -> None:
    values = {"expert_count": 8} if code is None else {"expert_count": 8, "expert_gating_func": code}
    assert mla.gguf_scoring(GGUFValues(**values)) == scoring
    assert mla.gguf_scoring(GGUFValues()) is None


def test_an_unknown_gating_function_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"arch.expert_gating_func is 3; 1 \(softmax\) and 2 \(sigmoid\)"):
        mla.gguf_scoring(GGUFValues(expert_count=8, expert_gating_func=3))
