"""GLM-4, dense (0414, GLM-Z1): norms of inputs and outputs, half of a head's channels rotated in pairs, biases on
queries, keys and values alone, and gate and up in one tensor.
"""

from __future__ import annotations

from dataclasses import replace

from fathom.base.errors import ConfigError
from fathom.model.families.gemma import GGUF_OUTPUT_NORMS
from fathom.model.families.gqa import GGUF_NAMES, dense_family
from fathom.model.families.keys import GGUFKeys
from fathom.model.families.tensor_names import Rule


def _has_one_position(keys: GGUFKeys) -> bool:
    """GLM-4V, whose text part counts positions in three dimensions, shares the architecture's name."""
    if keys.get("rope.dimension_sections"):
        raise ConfigError("the file holds a GLM-4V, which is not implemented", "choose another model")
    return True


GLM4 = replace(
    dense_family(
        "glm4",
        hf_architecture="Glm4ForCausalLM",
        hf_names=(
            Rule("post_attention_norm.weight", "post_self_attn_layernorm.weight"),
            Rule("post_mlp_norm.weight", "post_mlp_layernorm.weight"),
            Rule("mlp.gate.weight", "mlp.gate_up_proj.weight"),
            Rule("mlp.up.weight", "mlp.gate_up_proj.weight"),
        ),
        gguf_names=(
            *GGUF_NAMES,
            *GGUF_OUTPUT_NORMS,
            Rule("mlp.gate.weight", "ffn_up.weight"),
            Rule("mlp.up.weight", "ffn_up.weight"),
        ),
        hf_constants={"attention_bias": False},
        hf_defaults={
            "attention_bias": True,
            "head_dim": 128,
            "num_key_value_heads": 2,
            "partial_rotary_factor": 0.5,
            "rms_norm_eps": 1.5625e-7,
        },
        o_bias=False,
        partial_rotary=True,
        interleaved=True,
        fields={"norm_placement": "sandwich"},
        dialect="glm4",
        pre_tokenizer="glm4",
    ),
    matches_gguf=_has_one_position,
)
