"""``ModelConfig`` → ``config.json`` that transformers 5, transformers 4, vLLM, SGLang and llama.cpp read alike.

Both spellings of the rotary settings and of the number type are written, because readers know one or the other and
ignore the one they do not. ``scoring_func`` and ``topk_method`` are always written: readers other than transformers
take softmax for granted where they are missing.
"""

from __future__ import annotations

from typing import Any

from fathom.checkpoint.hf.config import ARCHITECTURES
from fathom.model.config import GQAConfig, Llama3Scaling, MLAConfig, ModelConfig, MoEConfig, RopeConfig


def write_config(
    config: ModelConfig, *, dtype: str, bos_id: int | None = None, eos_ids: tuple[int, ...] = ()
) -> dict[str, Any]:
    """The content of ``config.json``; ``dtype`` as torch names it, without the prefix."""
    architecture = next(name for name, family in ARCHITECTURES.items() if family == config.family)
    values: dict[str, Any] = {
        "architectures": [architecture],
        "model_type": config.family,
        "dtype": dtype,
        "torch_dtype": dtype,
        "vocab_size": config.vocab_size,
        "hidden_size": config.hidden_size,
        "intermediate_size": config.intermediate_size,
        "num_hidden_layers": config.num_layers,
        "max_position_embeddings": config.max_position,
        "rms_norm_eps": config.norm_eps,
        "tie_word_embeddings": config.tie_embeddings,
        "initializer_range": config.init_std,
        "hidden_act": "silu",
        "attention_dropout": 0.0,
        "use_cache": True,
        "bos_token_id": bos_id,
        "eos_token_id": eos_ids[0] if len(eos_ids) == 1 else list(eos_ids) or None,
        **_write_rope(config.rope),
        **_write_attention(config),
    }
    if config.moe is not None:
        values |= _write_moe(config.moe)
    if config.family == "deepseek_v3":
        values |= {"num_nextn_predict_layers": config.num_mtp_layers, "rope_interleave": config.rope.interleaved}
    return values


def _write_attention(config: ModelConfig) -> dict[str, Any]:
    attention = config.attention
    if isinstance(attention, MLAConfig):
        return {
            "num_attention_heads": attention.num_heads,
            "num_key_value_heads": attention.num_heads,
            "attention_bias": False,
            "q_lora_rank": attention.q_lora_rank,
            "kv_lora_rank": attention.kv_lora_rank,
            "qk_nope_head_dim": attention.qk_nope_head_dim,
            "qk_rope_head_dim": attention.qk_rope_head_dim,
            "v_head_dim": attention.v_head_dim,
        }
    return _write_gqa(attention, config.family)


def _write_gqa(attention: GQAConfig, family: str) -> dict[str, Any]:
    values: dict[str, Any] = {
        "num_attention_heads": attention.num_heads,
        "num_key_value_heads": attention.num_kv_heads,
        "head_dim": attention.head_dim,
    }
    if family == "llama":
        return values | {"attention_bias": False, "mlp_bias": False}
    if family == "qwen3":
        return values | {"attention_bias": False, "use_sliding_window": False}
    return values | {"use_sliding_window": False}


def _write_moe(moe: MoEConfig) -> dict[str, Any]:
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


def _write_rope(rope: RopeConfig) -> dict[str, Any]:
    scaling = rope.scaling
    if scaling is None:
        parameters: dict[str, Any] = {"rope_type": "default"}
    elif isinstance(scaling, Llama3Scaling):
        parameters = {
            "rope_type": "llama3",
            "factor": scaling.factor,
            "low_freq_factor": scaling.low_freq_factor,
            "high_freq_factor": scaling.high_freq_factor,
            "original_max_position_embeddings": scaling.original_max_position,
        }
    else:
        parameters = {
            "rope_type": "yarn",
            "factor": scaling.factor,
            "original_max_position_embeddings": scaling.original_max_position,
            "beta_fast": scaling.beta_fast,
            "beta_slow": scaling.beta_slow,
            "mscale": scaling.mscale,
            "mscale_all_dim": scaling.mscale_all_dim,
        }
    old = None if scaling is None else {"type": parameters["rope_type"], **parameters}
    return {"rope_theta": rope.theta, "rope_scaling": old, "rope_parameters": parameters | {"rope_theta": rope.theta}}
