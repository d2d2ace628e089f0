"""The same small model twice: ours, and the installed transformers' with the same random weights.

The mapping of keys and names is written out here on purpose, apart from ``fathom.checkpoint``: what loads real
checkpoints must not be its own witness.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
import transformers
from torch import Tensor, nn

from fathom.model.config import (
    GQAConfig,
    LinearScaling,
    Llama3Scaling,
    LongRopeScaling,
    MLAConfig,
    ModelConfig,
    YarnScaling,
)
from fathom.model.router import Router
from fathom.model.transformer import Transformer

CLASSES = {
    "deepseek_v2": (transformers.DeepseekV2Config, transformers.DeepseekV2ForCausalLM),
    "deepseek_v3": (transformers.DeepseekV3Config, transformers.DeepseekV3ForCausalLM),
    "gemma2": (transformers.Gemma2Config, transformers.Gemma2ForCausalLM),
    "gemma3": (transformers.Gemma3TextConfig, transformers.Gemma3ForCausalLM),
    "glm4": (transformers.Glm4Config, transformers.Glm4ForCausalLM),
    "llama": (transformers.LlamaConfig, transformers.LlamaForCausalLM),
    "mistral": (transformers.MistralConfig, transformers.MistralForCausalLM),
    "olmo2": (transformers.Olmo2Config, transformers.Olmo2ForCausalLM),
    "phi3": (transformers.Phi3Config, transformers.Phi3ForCausalLM),
    "qwen2": (transformers.Qwen2Config, transformers.Qwen2ForCausalLM),
    "qwen2_moe": (transformers.Qwen2MoeConfig, transformers.Qwen2MoeForCausalLM),
    "qwen3": (transformers.Qwen3Config, transformers.Qwen3ForCausalLM),
    "qwen3_moe": (transformers.Qwen3MoeConfig, transformers.Qwen3MoeForCausalLM),
    "smollm3": (transformers.SmolLM3Config, transformers.SmolLM3ForCausalLM),
}

RENAMES = (  # theirs -> ours, applied in order
    ("mtp_block.", "block."),
    ("enorm", "embed_norm"),
    ("hnorm", "hidden_norm"),
    ("eh_proj", "proj"),
    ("post_norm", "norm"),
    ("model.embed_tokens.", "embed."),
    ("model.norm.", "norm."),
    ("lm_head.", "head."),
    ("model.layers.", "layers."),
    ("input_layernorm", "attention_norm"),
    ("post_attention_layernorm", "mlp_norm"),
    ("self_attn.", "attention."),
    ("q_a_proj", "q_down"),
    ("q_a_layernorm", "q_norm"),
    ("q_b_proj", "q_up"),
    ("kv_a_proj_with_mqa", "kv_down"),
    ("kv_a_layernorm", "kv_norm"),
    ("kv_b_proj", "kv_up"),
    ("mlp.gate.e_score_correction_bias", "mlp.router.bias"),
    ("mlp.gate.weight", "mlp.router.weight"),
    ("shared_experts.", "shared."),
    ("shared_expert_gate.weight", "shared_gate"),
    ("shared_expert.", "shared."),
    ("gate_proj", "gate"),
    ("up_proj", "up"),
    ("down_proj", "down"),
)

OUTPUT_NORMS = (
    ("post_attention_layernorm", "post_attention_norm"),
    ("pre_feedforward_layernorm", "mlp_norm"),
    ("post_feedforward_layernorm", "post_mlp_norm"),
)
FAMILY_RENAMES = {  # before the others
    "gemma2": OUTPUT_NORMS,
    "gemma3": OUTPUT_NORMS,
    "olmo2": OUTPUT_NORMS,
    "glm4": (("post_self_attn_layernorm", "post_attention_norm"), ("post_mlp_layernorm", "post_mlp_norm")),
}
FUSED = {"qkv_proj": ("q_proj", "k_proj", "v_proj"), "mlp.gate_up_proj": ("mlp.gate_proj", "mlp.up_proj")}


@dataclass
class Pair:
    ours: Transformer
    theirs: nn.Module


def build(config: ModelConfig, seed: int = 0) -> Pair:
    """Both models in fp32 with the same weights, every one of them random: norms, biases and router bias too."""
    ours = randomized(config, seed)
    config_class, model_class = CLASSES[config.family]
    theirs = model_class(config_class(**their_keys(config), attn_implementation="eager"))
    copy_to_theirs(ours.state_dict(), theirs, config.family)
    return Pair(ours, theirs.eval())


def randomized(config: ModelConfig, seed: int = 0) -> Transformer:
    generator = torch.Generator().manual_seed(seed)
    model = Transformer(config)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.1 * torch.randn(parameter.shape, generator=generator))
        for module in model.modules():
            if isinstance(module, Router) and module.bias is not None:
                module.bias.add_(0.1 * torch.randn(module.bias.shape, generator=generator))
    return model


def copy_to_theirs(state: dict[str, Tensor], theirs: nn.Module, family: str = "") -> None:
    with torch.no_grad():
        for name, tensor in theirs.state_dict().items():
            tensor.copy_(as_theirs(state, name, family))


def copy_mtp_to_theirs(state: dict[str, Tensor], theirs: nn.Module) -> None:
    """Into their ``MtpModel``, which shares embedding and head with a main model that holds ours already."""
    modules = {name.removeprefix("mtp."): tensor for name, tensor in state.items() if name.startswith("mtp.")}
    with torch.no_grad():
        for name, tensor in theirs.layers.state_dict().items():
            tensor.copy_(as_theirs(modules, name))


def as_theirs(state: dict[str, Tensor], name: str, family: str = "") -> Tensor:
    """What their tensor ``name`` should hold, out of our tensors (weights or gradients)."""
    for old, new in FAMILY_RENAMES.get(family, ()):
        name = name.replace(old, new)
    for whole, parts in FUSED.items():
        if name.endswith(f"{whole}.weight"):
            return torch.cat([state[our_name(name.replace(whole, part))] for part in parts])
    if name.endswith("experts.gate_up_proj"):
        prefix = our_name(name.removesuffix("gate_up_proj"))
        return torch.cat((state[prefix + "gate"], state[prefix + "up"]), 1)
    ours = our_name(name)
    return state["embed.weight"] if ours == "head.weight" and ours not in state else state[ours]


def our_name(theirs: str) -> str:
    for old, new in RENAMES:
        theirs = theirs.replace(old, new)
    return theirs.replace("gate_up", "gate_up_proj") if "gate_up" in theirs else theirs


def their_keys(config: ModelConfig) -> dict[str, Any]:
    keys: dict[str, Any] = {
        "vocab_size": config.vocab_size,
        "hidden_size": config.hidden_size,
        "intermediate_size": config.intermediate_size,
        "num_hidden_layers": config.num_layers,
        "num_attention_heads": config.attention.num_heads,
        "max_position_embeddings": config.max_position,
        "rms_norm_eps": config.norm_eps,
        "tie_word_embeddings": config.tie_embeddings,
        "rope_parameters": _rope(config),
    }
    if isinstance(config.attention, GQAConfig):
        attention = config.attention
        keys |= {"num_key_value_heads": attention.num_kv_heads, "head_dim": attention.head_dim}
        keys |= {"attention_bias": True} if attention.o_bias else {}
        return keys | _family(config, attention) | ({} if config.moe is None else _qwen_moe(config))
    return keys | _mla(config.attention) | _moe(config)


def _family(config: ModelConfig, attention: GQAConfig) -> dict[str, Any]:
    """What only one family has. Without a padding token: its embedding would have no gradient."""
    keys: dict[str, Any] = {}
    if config.family in ("qwen2", "qwen2_moe", "qwen3_moe") and config.window is not None:
        keys["use_sliding_window"] = True
    if config.window is not None:
        slides = [layer in config.window.layers for layer in range(config.num_layers)]
        keys["layer_types"] = ["sliding_attention" if one else "full_attention" for one in slides]
        keys["sliding_window"] = config.window.size
    if config.family in ("gemma2", "gemma3"):
        keys |= {
            "query_pre_attn_scalar": int(attention.query_pre_attn_scalar or attention.head_dim),
            "attn_logit_softcapping": attention.softcap,
            "final_logit_softcapping": config.logit_softcap,
        }
    if config.family == "gemma3":
        assert config.window is not None
        local = config.window.rope or config.rope
        keys["rope_parameters"] = {
            "full_attention": _rope(config),
            "sliding_attention": {"rope_type": "default", "rope_theta": local.theta},
        }
    if config.family == "mistral":
        keys.pop("layer_types", None)  # all slide, or none
        keys["sliding_window"] = config.window.size if config.window else None
    if config.family == "smollm3":
        keys["no_rope_layers"] = [int(layer not in config.nope_layers) for layer in range(config.num_layers)]
    if config.family == "glm4":
        keys["attention_bias"] = attention.qkv_bias
    if config.family == "phi3" and isinstance(config.rope.scaling, LongRopeScaling):
        keys["original_max_position_embeddings"] = config.rope.scaling.original_max_position
    return keys | {"pad_token_id": None}


def _rope(config: ModelConfig) -> dict[str, Any]:
    keys: dict[str, Any] = {"rope_theta": config.rope.theta, "rope_type": "default"}
    if isinstance(config.attention, GQAConfig):
        keys["partial_rotary_factor"] = config.attention.rope_dim / config.attention.head_dim
    match config.rope.scaling:
        case YarnScaling() as yarn:
            keys |= {
                "rope_type": "yarn",
                "factor": yarn.factor,
                "original_max_position_embeddings": yarn.original_max_position,
                "beta_fast": yarn.beta_fast,
                "beta_slow": yarn.beta_slow,
                "mscale": yarn.mscale,
                "mscale_all_dim": yarn.mscale_all_dim,
                "attention_factor": yarn.attention_factor,
                "truncate": yarn.truncate,
            }
        case LinearScaling(factor=factor):
            keys |= {"rope_type": "linear", "factor": factor}
        case LongRopeScaling() as longrope:
            keys |= {
                "rope_type": "longrope",
                "short_factor": list(longrope.short_factors),
                "long_factor": list(longrope.long_factors),
                "attention_factor": longrope.attention_factor,
            }
        case Llama3Scaling() as llama3:
            keys |= {
                "rope_type": "llama3",
                "factor": llama3.factor,
                "low_freq_factor": llama3.low_freq_factor,
                "high_freq_factor": llama3.high_freq_factor,
                "original_max_position_embeddings": llama3.original_max_position,
            }
    return keys


def _mla(attention: MLAConfig) -> dict[str, Any]:
    return {
        "num_key_value_heads": attention.num_heads,
        "q_lora_rank": attention.q_lora_rank,
        "kv_lora_rank": attention.kv_lora_rank,
        "qk_nope_head_dim": attention.qk_nope_head_dim,
        "qk_rope_head_dim": attention.qk_rope_head_dim,
        "v_head_dim": attention.v_head_dim,
    }


def _qwen_moe(config: ModelConfig) -> dict[str, Any]:
    moe = config.moe
    assert moe is not None
    keys: dict[str, Any] = {
        "num_experts": moe.num_experts,
        "num_experts_per_tok": moe.experts_per_token,
        "moe_intermediate_size": moe.intermediate_size,
        "norm_topk_prob": moe.normalize,
        "decoder_sparse_step": 1,
        "mlp_only_layers": list(moe.dense_layers),
    }
    return keys | ({"shared_expert_intermediate_size": moe.shared_intermediate_size} if moe.shared_gate else {})


def _moe(config: ModelConfig) -> dict[str, Any]:
    moe = config.moe
    assert moe is not None
    keys: dict[str, Any] = {
        "n_routed_experts": moe.num_experts,
        "num_experts_per_tok": moe.experts_per_token,
        "n_shared_experts": moe.num_shared_experts,
        "moe_intermediate_size": moe.intermediate_size,
        "first_k_dense_replace": moe.first_dense_layers,
        "n_group": moe.num_groups,
        "topk_group": moe.topk_groups,
        "norm_topk_prob": moe.normalize,
        "routed_scaling_factor": moe.routed_scaling_factor,
    }
    if config.family == "deepseek_v2":
        return keys | {"topk_method": moe.selection}
    return keys | {"rope_interleave": config.rope.interleaved, "num_nextn_predict_layers": config.num_mtp_layers}
