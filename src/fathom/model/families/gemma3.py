"""Gemma 3, its text: norms on queries and keys, and five of six layers slide, with a rotary base of their own.

The larger models are published with a tower for images, which is not loaded.
"""

from __future__ import annotations

from dataclasses import replace

from fathom.model.families.gemma import gemma_family

GEMMA3 = replace(
    gemma_family(
        "gemma3",
        hf_architecture="Gemma3ForCausalLM",
        hf_defaults={
            "vocab_size": 262_208,
            "max_position_embeddings": 131_072,
            "rope_theta": 1_000_000.0,
            "rope_local_base_freq": 10_000.0,
        },
        gguf_defaults={"rope.freq_base_swa": 10_000.0},
        window_period=6,
        window_period_key="sliding_window_pattern",
        largest=62,
        qk_norm=True,
    ),
    hf_model_type="gemma3_text",
    hf_multimodal="Gemma3ForConditionalGeneration",
)
