"""OLMo 2: only the outputs of attention and feed-forward network are normed, and queries and keys, all heads as one."""

from __future__ import annotations

from dataclasses import replace

from fathom.base.errors import ConfigError
from fathom.model.families.gemma import GGUF_OUTPUT_NORMS
from fathom.model.families.gqa import GGUF_NAMES, dense_family
from fathom.model.families.keys import GGUFKeys
from fathom.model.families.tensor_names import Rule


def _has_no_window(keys: GGUFKeys) -> bool:
    """OLMo 3, which slides, shares the architecture's name."""
    if keys.get("attention.sliding_window"):
        raise ConfigError("the file holds an OLMo 3, which is not implemented", "choose another model")
    return True


OLMO2 = replace(
    dense_family(
        "olmo2",
        hf_architecture="Olmo2ForCausalLM",
        hf_names=(
            Rule("post_attention_norm.weight", "post_attention_layernorm.weight"),
            Rule("post_mlp_norm.weight", "post_feedforward_layernorm.weight"),
        ),
        gguf_names=GGUF_NAMES + GGUF_OUTPUT_NORMS,
        hf_constants={"attention_bias": False},
        hf_defaults={"rms_norm_eps": 1e-5},
        qk_norm=True,
        qk_norm_span="projection",
        fields={"norm_placement": "post"},
        dialect="olmo2",
        pre_tokenizer="dbrx",
    ),
    matches_gguf=_has_no_window,
)
