"""``ModelConfig`` → GGUF metadata, in the keys of llama.cpp's converter; the inverse of ``gguf_config``."""

from __future__ import annotations

from typing import Any

from fathom.checkpoint.gguf.config import LLAMA3_KEY, SCORING
from fathom.model.config import GQAConfig, Llama3Scaling, MLAConfig, ModelConfig, MoEConfig, YarnScaling

_ARCHITECTURES = {
    "llama": "llama",
    "qwen2": "qwen2",
    "qwen3": "qwen3",
    "deepseek_v2": "deepseek2",
    "deepseek_v3": "deepseek2",
}


def write_config(config: ModelConfig) -> dict[str, Any]:
    """``general.architecture`` and every key under it."""
    architecture = _ARCHITECTURES[config.family]
    values: dict[str, Any] = {
        "vocab_size": config.vocab_size,
        "block_count": config.num_layers,
        "context_length": config.max_position,
        "embedding_length": config.hidden_size,
        "feed_forward_length": config.intermediate_size,
        "attention.head_count": config.attention.num_heads,
        "attention.layer_norm_rms_epsilon": float(config.norm_eps),
        "rope.freq_base": float(config.rope.theta),
        "rope.dimension_count": config.attention.rope_dim,
    }
    values |= _write_mla(config.attention) if isinstance(config.attention, MLAConfig) else _write_gqa(config.attention)
    if config.moe is not None:
        values |= _write_moe(config.moe)
    if isinstance(config.rope.scaling, YarnScaling):
        values |= _write_yarn(config.rope.scaling)
    written = {"general.architecture": architecture} | {f"{architecture}.{key}": value for key, value in values.items()}
    if isinstance(config.rope.scaling, Llama3Scaling):
        scaling = config.rope.scaling
        factors = [scaling.factor, scaling.low_freq_factor, scaling.high_freq_factor, scaling.original_max_position]
        written[LLAMA3_KEY] = [float(factor) for factor in factors]
    return written


def _write_gqa(attention: GQAConfig) -> dict[str, Any]:
    return {
        "attention.head_count_kv": attention.num_kv_heads,
        "attention.key_length": attention.head_dim,
        "attention.value_length": attention.head_dim,
    }


def _write_mla(attention: MLAConfig) -> dict[str, Any]:
    """The plain lengths describe the absorbed form, in which there is one key head: the latent."""
    values: dict[str, Any] = {
        "attention.head_count_kv": 1,
        "attention.kv_lora_rank": attention.kv_lora_rank,
        "attention.key_length": attention.latent_dim,
        "attention.value_length": attention.kv_lora_rank,
        "attention.key_length_mla": attention.qk_head_dim,
        "attention.value_length_mla": attention.v_head_dim,
    }
    if attention.q_lora_rank is not None:
        values["attention.q_lora_rank"] = attention.q_lora_rank
    return values


def _write_moe(moe: MoEConfig) -> dict[str, Any]:
    return {
        "expert_count": moe.num_experts,
        "expert_used_count": moe.experts_per_token,
        "expert_shared_count": moe.num_shared_experts,
        "expert_feed_forward_length": moe.intermediate_size,
        "expert_gating_func": next(code for code, scoring in SCORING.items() if scoring == moe.scoring),
        "expert_group_count": moe.num_groups,
        "expert_group_used_count": moe.topk_groups,
        "expert_weights_norm": moe.normalize,
        "expert_weights_scale": float(moe.routed_scaling_factor),
        "leading_dense_block_count": moe.first_dense_layers,
    }


def _write_yarn(scaling: YarnScaling) -> dict[str, Any]:
    values: dict[str, Any] = {
        "rope.scaling.type": "yarn",
        "rope.scaling.factor": float(scaling.factor),
        "rope.scaling.original_context_length": scaling.original_max_position,
        "rope.scaling.yarn_beta_fast": float(scaling.beta_fast),
        "rope.scaling.yarn_beta_slow": float(scaling.beta_slow),
    }
    if scaling.mscale_all_dim:
        values["rope.scaling.yarn_log_multiplier"] = 0.1 * scaling.mscale_all_dim
    return values
