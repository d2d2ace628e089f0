"""Dense families with grouped-query attention: keys of config.json and GGUF in both directions, and tensor names."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from fathom.base.errors import ConfigError
from fathom.model.families.family import Family, Fields
from fathom.model.families.keys import GGUFKeys, HFKeys
from fathom.model.families.tensor_names import Layout, Rule
from fathom.model.layer_config import GQAConfig

if TYPE_CHECKING:
    from fathom.model.config import ModelConfig

HF_NAMES = (
    Rule("attention.q_proj.weight", "self_attn.q_proj.weight"),
    Rule("attention.q_proj.bias", "self_attn.q_proj.bias"),
    Rule("attention.k_proj.weight", "self_attn.k_proj.weight"),
    Rule("attention.k_proj.bias", "self_attn.k_proj.bias"),
    Rule("attention.v_proj.weight", "self_attn.v_proj.weight"),
    Rule("attention.v_proj.bias", "self_attn.v_proj.bias"),
    Rule("attention.o_proj.bias", "self_attn.o_proj.bias"),
    Rule("attention.q_norm.weight", "self_attn.q_norm.weight"),
    Rule("attention.k_norm.weight", "self_attn.k_norm.weight"),
)
_GGUF_VALUE = (
    Rule("attention.v_proj.weight", "attn_v.weight"),
    Rule("attention.v_proj.bias", "attn_v.bias"),
    Rule("attention.o_proj.bias", "attn_output.bias"),
)
GGUF_NAMES = (
    Rule("attention.q_proj.weight", "attn_q.weight"),
    Rule("attention.q_proj.bias", "attn_q.bias"),
    Rule("attention.k_proj.weight", "attn_k.weight"),
    Rule("attention.k_proj.bias", "attn_k.bias"),
    Rule("attention.q_norm.weight", "attn_q_norm.weight"),
    Rule("attention.k_norm.weight", "attn_k_norm.weight"),
    *_GGUF_VALUE,
)
GGUF_PAIRED_NAMES = (
    Rule("attention.q_proj.weight", "attn_q.weight", Layout.ROTARY_Q),
    Rule("attention.q_proj.bias", "attn_q.bias", Layout.ROTARY_Q),
    Rule("attention.k_proj.weight", "attn_k.weight", Layout.ROTARY_K),
    Rule("attention.k_proj.bias", "attn_k.bias", Layout.ROTARY_K),
    *_GGUF_VALUE,
)
"""For architectures whose converter permutes the rows of queries and keys into rotary pairs."""


def dense_family(
    name: str,
    *,
    hf_architecture: str,
    dialect: str,
    pre_tokenizer: str,
    gguf_architecture: str | None = None,
    gguf_names: tuple[Rule, ...] = GGUF_NAMES,
    hf_constants: Mapping[str, Any],
    qkv_bias: bool = False,
    qk_norm: bool = False,
    head_dim: int | None = None,
) -> Family:
    """A dense family. ``hf_constants`` are keys that are always written to config.json. ``qkv_bias``: the architecture
    has biases on queries, keys and values; elsewhere ``attention_bias`` gives all four projections one.

    ``gguf_architecture`` defaults to ``name``; ``head_dim`` to hidden_size / heads where config.json lacks it.
    """
    return Family(
        name=name,
        hf_architecture=hf_architecture,
        gguf_architecture=gguf_architecture or name,
        read_hf=partial(_read_hf, qkv_bias=qkv_bias, qk_norm=qk_norm, head_dim=head_dim),
        write_hf=partial(_write_hf, constants=hf_constants),
        read_gguf=partial(_read_gguf, qkv_bias=qkv_bias, qk_norm=qk_norm),
        write_gguf=_write_gguf,
        hf_names=HF_NAMES,
        gguf_names=gguf_names,
        dialect=dialect,
        pre_tokenizer=pre_tokenizer,
    )


def _read_hf(keys: HFKeys, *, qkv_bias: bool, qk_norm: bool, head_dim: int | None) -> Fields:
    heads = keys.need("num_attention_heads")
    bias = keys.get("attention_bias", False) and not qkv_bias  # where the family has biases, the key means nothing
    attention = GQAConfig(
        num_heads=heads,
        num_kv_heads=keys.get("num_key_value_heads", heads),
        head_dim=keys.get("head_dim", head_dim or keys.need("hidden_size") // heads),
        qkv_bias=qkv_bias or bias,
        o_bias=bias,
        qk_norm=qk_norm,
    )
    return {"attention": attention}


def _write_hf(config: ModelConfig, *, constants: Mapping[str, Any]) -> Fields:
    attention = gqa_of(config)
    return {
        "num_attention_heads": attention.num_heads,
        "num_key_value_heads": attention.num_kv_heads,
        "head_dim": attention.head_dim,
        **constants,
        **({"attention_bias": True} if attention.o_bias else {}),
    }


def _read_gguf(keys: GGUFKeys, *, qkv_bias: bool, qk_norm: bool) -> Fields:
    heads = keys.number("attention.head_count")
    head_dim = keys.number("attention.key_length", keys.number("embedding_length") // max(heads, 1))
    for key in ("attention.value_length", "rope.dimension_count"):
        if keys.number(key, head_dim) != head_dim:
            raise ConfigError(f"{keys.prefix}{key} differs from the head's {head_dim} channels", "choose another model")
    attention = GQAConfig(
        num_heads=heads,
        num_kv_heads=keys.number("attention.head_count_kv", heads),
        head_dim=head_dim,
        qkv_bias=qkv_bias or _has_tensor(keys, "attn_q.bias"),
        o_bias=_has_tensor(keys, "attn_output.bias"),
        qk_norm=qk_norm,
    )
    return {"attention": attention}


def _has_tensor(keys: GGUFKeys, name: str) -> bool:
    return any(tensor.endswith(f".{name}") for tensor in keys.tensors)


def _write_gguf(config: ModelConfig) -> Fields:
    attention = gqa_of(config)
    return {
        "attention.head_count_kv": attention.num_kv_heads,
        "attention.key_length": attention.head_dim,
        "attention.value_length": attention.head_dim,
    }


def gqa_of(config: ModelConfig) -> GQAConfig:
    """The attention of a dense family's model."""
    assert isinstance(config.attention, GQAConfig), f"{config.family} has grouped-query attention"
    return config.attention
