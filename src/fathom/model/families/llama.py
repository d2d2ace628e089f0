"""Llama 3, and the models that share its layout (SmolLM2, R1-Distill-Llama)."""

from __future__ import annotations

from fathom.model.families.gqa import GGUF_PAIRED_NAMES, dense_family

LLAMA = dense_family(
    "llama",
    hf_architecture="LlamaForCausalLM",
    gguf_names=GGUF_PAIRED_NAMES,
    hf_constants={"attention_bias": False, "mlp_bias": False},
    dialect="llama3",
    pre_tokenizer="llama-bpe",
)
