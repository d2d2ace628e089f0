"""Qwen3, dense: norms on queries and keys; heads of 128 channels unless the file says otherwise."""

from __future__ import annotations

from fathom.model.families.gqa import dense_family

QWEN3 = dense_family(
    "qwen3",
    hf_architecture="Qwen3ForCausalLM",
    hf_constants={"attention_bias": False, "use_sliding_window": False},
    qk_norm=True,
    head_dim=128,
    dialect="chatml",
    pre_tokenizer="qwen2",
)
