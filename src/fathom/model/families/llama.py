"""Llama 3, and the models that share its layout (SmolLM2, R1-Distill-Llama)."""

from __future__ import annotations

from dataclasses import replace

from fathom.base.errors import ConfigError
from fathom.model.families.gqa import GGUF_PAIRED_NAMES, dense_family
from fathom.model.families.keys import GGUFKeys


def _is_dense(keys: GGUFKeys) -> bool:
    """Mixtral shares the architecture's name."""
    if keys.get("expert_count"):
        raise ConfigError("the file holds a Mixtral, which is not implemented", "choose another model")
    return True


LLAMA = replace(
    dense_family(
        "llama",
        hf_architecture="LlamaForCausalLM",
        gguf_names=GGUF_PAIRED_NAMES,
        hf_constants={"attention_bias": False, "mlp_bias": False},
        dialect="llama3",
        pre_tokenizer="llama-bpe",
    ),
    matches_gguf=_is_dense,
)
