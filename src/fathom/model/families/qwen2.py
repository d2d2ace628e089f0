"""Qwen2 and Qwen2.5, and R1-Distill-Qwen: biases on queries, keys and values."""

from __future__ import annotations

from fathom.model.families.gqa import dense_family

QWEN2 = dense_family(
    "qwen2",
    hf_architecture="Qwen2ForCausalLM",
    hf_constants={"use_sliding_window": False},
    qkv_bias=True,
    dialect="chatml",
    pre_tokenizer="qwen2",
)
