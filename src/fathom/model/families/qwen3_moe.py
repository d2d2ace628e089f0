"""Qwen3, with experts: norms on queries and keys, no shared expert."""

from __future__ import annotations

from fathom.model.families.gqa import dense_family
from fathom.model.families.gqa_moe import moe_family
from fathom.model.families.windows import all_layers_if_asked

QWEN3_MOE = moe_family(
    dense_family(
        "qwen3_moe",
        hf_architecture="Qwen3MoeForCausalLM",
        gguf_architecture="qwen3moe",
        hf_constants={"attention_bias": False, "use_sliding_window": False},
        qk_norm=True,
        dialect="chatml",
        pre_tokenizer="qwen2",
        sliding=all_layers_if_asked,
    ),
    shared_expert=False,
    gguf_normalize=True,
)
