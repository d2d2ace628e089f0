"""Latent attention and experts: the keys of both formats, in both directions."""

from __future__ import annotations

from typing import Any

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


def test_a_dense_model_is_written_as_llama_cpp_asks() -> None:
    """It wants the ranks and widths of experts of every file, and 0 for queries without a latent."""
    dense = V3.model_copy(update={"moe": None, "attention": PRESETS["deepseek-v2-lite"].attention})
    written = mla.write_gguf(dense)
    assert (written["attention.q_lora_rank"], written["expert_shared_count"]) == (0, 0)
    assert written["leading_dense_block_count"] == V3.num_layers + V3.num_mtp_layers
    values = written | {"attention.head_count": 16, "rope.dimension_count": 64}
    assert mla.read_gguf(GGUFValues(**values)) == {"attention": dense.attention, "moe": None}


@pytest.mark.parametrize("changes", [{"shared_gate": True}, {"shared_intermediate_size": 7}, {"dense_layers": (5,)}])
def test_experts_that_the_files_cannot_describe_are_refused(changes: dict[str, Any]) -> None:
    assert V3.moe is not None
    config = V3.model_copy(update={"moe": V3.moe.model_copy(update=changes)})
    for write in (mla.write_hf, mla.write_gguf):
        with pytest.raises(ConfigError, match="the files of DeepSeek's families cannot describe these experts"):
            write(config)


def test_gguf_cannot_leave_layers_out() -> None:
    assert V3.moe is not None
    config = V3.model_copy(update={"moe": V3.moe.model_copy(update={"layer_freq": 2})})
    with pytest.raises(ConfigError, match="experts in every layer behind the dense ones; save a directory"):
        mla.write_gguf(config)


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
