"""Multi-head latent attention and DeepSeekMoE: keys of config.json and GGUF in both directions, and tensor names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from fathom.base.errors import ConfigError
from fathom.model.families.family import Fields
from fathom.model.families.keys import GGUFKeys, HFKeys, decimal, refuse_partial_rotary
from fathom.model.families.tensor_names import Layout, Rule
from fathom.model.layer_config import MLAConfig, MoEConfig

if TYPE_CHECKING:
    from fathom.model.config import ModelConfig

_SCORING: Mapping[int, Literal["softmax", "sigmoid"]] = {1: "softmax", 2: "sigmoid"}
"""``expert_gating_func``."""

HF_NAMES = (
    Rule("attention.q_proj.weight", "self_attn.q_proj.weight"),
    Rule("attention.q_down.weight", "self_attn.q_a_proj.weight"),
    Rule("attention.q_norm.weight", "self_attn.q_a_layernorm.weight"),
    Rule("attention.q_up.weight", "self_attn.q_b_proj.weight"),
    Rule("attention.kv_down.weight", "self_attn.kv_a_proj_with_mqa.weight"),
    Rule("attention.kv_norm.weight", "self_attn.kv_a_layernorm.weight"),
    Rule("attention.kv_up.weight", "self_attn.kv_b_proj.weight"),
)
GGUF_NAMES = (
    Rule("attention.q_proj.weight", "attn_q.weight"),
    Rule("attention.q_down.weight", "attn_q_a.weight"),
    Rule("attention.q_norm.weight", "attn_q_a_norm.weight"),
    Rule("attention.q_up.weight", "attn_q_b.weight"),
    Rule("attention.kv_down.weight", "attn_kv_a_mqa.weight"),
    Rule("attention.kv_norm.weight", "attn_kv_a_norm.weight"),
    Rule("attention.kv_up.weight", "attn_kv_b.weight"),
    Rule("attention.kv_up.weight", "attn_k_b.weight", Layout.KEY_UP),
    Rule("attention.kv_up.weight", "attn_v_b.weight", Layout.VALUE_UP),
)


# ---- config.json ---------------------------------------------------------------------------------------------------


def read_hf(keys: HFKeys, *, scoring: str, selection: str, normalize: bool) -> Fields:
    """Attention and experts; the routing defaults are those of the family in transformers."""
    moe = _read_hf_moe(keys, scoring=scoring, selection=selection, normalize=normalize)
    return {"attention": _read_hf_attention(keys), "moe": moe}


def _read_hf_attention(keys: HFKeys) -> MLAConfig:
    keys.ignore("num_key_value_heads", "head_dim", "qk_head_dim")  # all follow from the sizes below
    refuse_partial_rotary(keys)
    if keys.get("attention_bias", False):
        raise ConfigError("config.json says attention_bias = True, which is not implemented", "choose another model")
    return MLAConfig(
        num_heads=keys.need("num_attention_heads"),
        q_lora_rank=keys.get("q_lora_rank"),
        kv_lora_rank=keys.need("kv_lora_rank"),
        qk_nope_head_dim=keys.need("qk_nope_head_dim"),
        qk_rope_head_dim=keys.need("qk_rope_head_dim"),
        v_head_dim=keys.need("v_head_dim"),
    )


def _read_hf_moe(keys: HFKeys, *, scoring: str, selection: str, normalize: bool) -> MoEConfig | None:
    experts = keys.get("n_routed_experts")
    if experts is None:
        return None
    values: dict[str, Any] = {
        "num_experts": experts,
        "experts_per_token": keys.need("num_experts_per_tok"),
        "num_shared_experts": keys.get("n_shared_experts", 0),
        "intermediate_size": keys.need("moe_intermediate_size"),
        "scoring": keys.get("scoring_func", scoring),
        "selection": keys.get("topk_method", selection),
        "num_groups": keys.get("n_group", 1),
        "topk_groups": keys.get("topk_group", 1),
        "normalize": keys.get("norm_topk_prob", normalize),
        "routed_scaling_factor": keys.get("routed_scaling_factor", 1.0),
        "first_dense_layers": keys.get("first_k_dense_replace", 0),
        "layer_freq": keys.get("moe_layer_freq", 1),
    }
    return MoEConfig(**values)


def write_hf(config: ModelConfig) -> Fields:
    """``scoring_func`` and ``topk_method`` are always written: other readers take softmax where they are missing."""
    attention = _attention(config)
    values: Fields = {
        "num_attention_heads": attention.num_heads,
        "num_key_value_heads": attention.num_heads,
        "attention_bias": False,
        "q_lora_rank": attention.q_lora_rank,
        "kv_lora_rank": attention.kv_lora_rank,
        "qk_nope_head_dim": attention.qk_nope_head_dim,
        "qk_rope_head_dim": attention.qk_rope_head_dim,
        "v_head_dim": attention.v_head_dim,
    }
    return values if config.moe is None else values | _write_hf_moe(config.moe)


def _write_hf_moe(moe: MoEConfig) -> Fields:
    _refuse_what_files_cannot_say(moe)
    return {
        "n_routed_experts": moe.num_experts,
        "num_experts_per_tok": moe.experts_per_token,
        "n_shared_experts": moe.num_shared_experts,
        "moe_intermediate_size": moe.intermediate_size,
        "scoring_func": moe.scoring,
        "topk_method": moe.selection,
        "n_group": moe.num_groups,
        "topk_group": moe.topk_groups,
        "norm_topk_prob": moe.normalize,
        "routed_scaling_factor": moe.routed_scaling_factor,
        "first_k_dense_replace": moe.first_dense_layers,
        "moe_layer_freq": moe.layer_freq,
    }


def _refuse_what_files_cannot_say(moe: MoEConfig) -> None:
    if moe.shared_gate or moe.shared_intermediate_size is not None or moe.dense_layers:
        raise ConfigError(
            f"the files of DeepSeek's families cannot describe these experts: {moe!r}", "use Qwen's family"
        )


# ---- GGUF ----------------------------------------------------------------------------------------------------------


def read_gguf(keys: GGUFKeys) -> Fields:
    """Newer converters describe the absorbed form in ``*_length`` and the heads in ``*_length_mla``."""
    rope = keys.number("rope.dimension_count")
    key_length = keys.number("attention.key_length_mla", keys.number("attention.key_length"))
    attention = MLAConfig(
        num_heads=keys.number("attention.head_count"),
        q_lora_rank=keys.get("attention.q_lora_rank") or None,
        kv_lora_rank=keys.number("attention.kv_lora_rank"),
        qk_nope_head_dim=key_length - rope,
        qk_rope_head_dim=rope,
        v_head_dim=keys.number("attention.value_length_mla", keys.number("attention.value_length")),
    )
    return {"attention": attention, "moe": _read_gguf_moe(keys) if keys.get("expert_count") else None}


def gguf_scoring(keys: GGUFKeys) -> str | None:
    """The router's scoring function; None for a dense model. ConfigError for one that is not implemented."""
    if not keys.get("expert_count"):
        return None
    gating = keys.number("expert_gating_func", 1)  # files older than the key hold V2, which is softmax
    if gating not in _SCORING:
        raise ConfigError(f"{keys.prefix}expert_gating_func is {gating}", "1 (softmax) and 2 (sigmoid) are implemented")
    return _SCORING[gating]


def _read_gguf_moe(keys: GGUFKeys) -> MoEConfig:
    groups = keys.number("expert_group_count", 1) or 1
    biased = any(name.endswith(".exp_probs_b.bias") for name in keys.tensors)
    grouped = "group_limited_greedy" if groups > 1 else "greedy"
    values: dict[str, Any] = {
        "num_experts": keys.number("expert_count"),
        "experts_per_token": keys.number("expert_used_count"),
        "num_shared_experts": keys.number("expert_shared_count", 0),
        "intermediate_size": keys.number("expert_feed_forward_length"),
        "scoring": gguf_scoring(keys),
        "selection": "noaux_tc" if biased else grouped,
        "num_groups": groups,
        "topk_groups": keys.number("expert_group_used_count", 1) or 1,
        "normalize": bool(keys.get("expert_weights_norm", False)),
        "routed_scaling_factor": decimal(keys.get("expert_weights_scale", 1.0) or 1.0),
        "first_dense_layers": keys.number("leading_dense_block_count", 0),
    }
    return MoEConfig(**values)


def write_gguf(config: ModelConfig) -> Fields:
    """The plain lengths describe the absorbed form, in which there is one key head: the latent."""
    attention = _attention(config)
    values: Fields = {
        "attention.head_count_kv": 1,
        "attention.q_lora_rank": attention.q_lora_rank or 0,  # llama.cpp asks for it, but for V2-Lite's sizes
        "attention.kv_lora_rank": attention.kv_lora_rank,
        "attention.key_length": attention.latent_dim,
        "attention.value_length": attention.kv_lora_rank,
        "attention.key_length_mla": attention.qk_head_dim,
        "attention.value_length_mla": attention.v_head_dim,
    }
    return values | (_write_gguf_dense(config) if config.moe is None else _write_gguf_moe(config.moe))


def _write_gguf_dense(config: ModelConfig) -> Fields:
    """llama.cpp asks for these of a model without experts too."""
    return {
        "expert_feed_forward_length": config.intermediate_size,
        "expert_shared_count": 0,
        "leading_dense_block_count": config.num_layers + config.num_mtp_layers,
    }


def _write_gguf_moe(moe: MoEConfig) -> Fields:
    _refuse_what_files_cannot_say(moe)
    if moe.layer_freq != 1:
        raise ConfigError("a GGUF file has experts in every layer behind the dense ones", "save a directory instead")
    return {
        "expert_count": moe.num_experts,
        "expert_used_count": moe.experts_per_token,
        "expert_shared_count": moe.num_shared_experts,
        "expert_feed_forward_length": moe.intermediate_size,
        "expert_gating_func": next(code for code, scoring in _SCORING.items() if scoring == moe.scoring),
        "expert_group_count": moe.num_groups,
        "expert_group_used_count": moe.topk_groups,
        "expert_weights_norm": moe.normalize,
        "expert_weights_scale": float(moe.routed_scaling_factor),
        "leading_dense_block_count": moe.first_dense_layers,
    }


def _attention(config: ModelConfig) -> MLAConfig:
    assert isinstance(config.attention, MLAConfig), f"{config.family} has multi-head latent attention"
    return config.attention
