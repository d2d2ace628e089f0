"""Phi-3, Phi-3.5 and Phi-4, also mini: queries, keys and values in one tensor, gate and up in another, LongRoPE, and in
Phi-4-mini fewer rotary channels than a head has.
"""

from __future__ import annotations

from dataclasses import replace

from fathom.base.errors import ConfigError
from fathom.model.families.family import Family, Fields
from fathom.model.families.gqa import GGUF_NAMES, dense_family
from fathom.model.families.keys import HFKeys
from fathom.model.families.tensor_names import Rule
from fathom.model.families.windows import all_layers

_IMPLEMENTED = {"full_attn_mod": 1, "interpolate_factor": 1, "lm_head_bias": False}
"""Keys of Phi-4-mini's own code, with the one value that changes nothing."""

_FUSED = (
    ("mlp.gate.weight", "mlp.up.weight"),
    ("attention.q_proj.weight", "attention.k_proj.weight", "attention.v_proj.weight"),
)


def _fusion_rules(gate_up: str, qkv: str) -> tuple[Rule, ...]:
    return tuple(Rule(ours, theirs) for parts, theirs in zip(_FUSED, (gate_up, qkv), strict=True) for ours in parts)


def _read_hf(keys: HFKeys, dense: Family) -> Fields:
    keys.ignore("original_max_position_embeddings")  # read with the rope scaling, where there is one
    for key, value in _IMPLEMENTED.items():
        if keys.get(key, value) != value:
            raise ConfigError(
                f"config.json says {key} = {keys.get(key)!r}, which is not implemented", "choose another model"
            )
    return dense.read_hf(keys)


_DENSE = dense_family(
    "phi3",
    hf_architecture="Phi3ForCausalLM",
    hf_names=_fusion_rules("mlp.gate_up_proj.weight", "self_attn.qkv_proj.weight"),
    gguf_names=(*_fusion_rules("ffn_up.weight", "attn_qkv.weight"), *GGUF_NAMES),
    hf_constants={"attention_bias": False},
    hf_defaults={"rms_norm_eps": 1e-5, "original_max_position_embeddings": 4096},
    partial_rotary=True,
    sliding=all_layers,
    gguf_window_period=0,
    dialect="phi3",
    pre_tokenizer="gpt-4o",
)
PHI3 = replace(_DENSE, read_hf=lambda keys: _read_hf(keys, _DENSE))
