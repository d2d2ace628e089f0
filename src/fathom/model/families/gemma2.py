"""Gemma 2: scores and logits are capped, and every second layer slides."""

from __future__ import annotations

from fathom.model.families.gemma import gemma_family

GEMMA2 = gemma_family(
    "gemma2",
    hf_architecture="Gemma2ForCausalLM",
    hf_defaults={"attn_logit_softcapping": 50.0, "final_logit_softcapping": 30.0},
    gguf_defaults={
        "attn_logit_softcapping": 50.0,
        "final_logit_softcapping": 30.0,
        "attention.sliding_window": 4096,
    },
    window_period=2,
    largest=46,
    attention_softcap=True,
)
