"""``config.json`` ⇄ ``ModelConfig``, for the five families, in the spelling of transformers 4 and of transformers 5.

Three rules keep a wrong model from looking like a right one. Every key is either read, or known to change nothing, or
checked to hold the one value that we implement; any other key is an error, because a key that we do not know may well
change the computation. A missing key takes the default that ``transformers`` gives that family, since that is what the
file's author relied upon. And ``auto_map``, which names code inside a model repository, is read past: such code is
never executed.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from fathom.base.errors import ConfigError
from fathom.checkpoint.generation import token_ids
from fathom.model.config import (
    Family,
    GQAConfig,
    Llama3Scaling,
    MLAConfig,
    ModelConfig,
    MoEConfig,
    RopeConfig,
    YarnScaling,
)

ARCHITECTURES: Mapping[str, Family] = {
    "DeepseekV2ForCausalLM": "deepseek_v2",
    "DeepseekV3ForCausalLM": "deepseek_v3",
    "LlamaForCausalLM": "llama",
    "Qwen2ForCausalLM": "qwen2",
    "Qwen3ForCausalLM": "qwen3",
}

# fmt: off
INERT = frozenset({  # a library's notes to itself, training only, or generation (generation_config.json governs that)
    "_attn_implementation_autoset", "_from_model_config", "_name_or_path", "architectures", "attention_dropout",
    "auto_map", "aux_loss_alpha", "bos_token_id", "cache_implementation", "chunk_size_feed_forward",
    "decoder_start_token_id", "dtype", "embd_pdrop", "eos_token_id", "ep_size", "finetuning_task", "hidden_dropout",
    "id2label", "is_encoder_decoder", "is_llama_config", "label2id", "max_window_layers", "model_type",
    "neftune_noise_alpha", "output_attentions", "output_hidden_states", "output_router_logits", "pad_token_id",
    "pretraining_tp", "problem_type", "quantization_config", "resid_pdrop", "return_dict", "rope_interleaved",
    "router_aux_loss_coef", "sep_token_id", "seq_aux", "sliding_window", "tie_encoder_decoder", "tokenizer_class",
    "torch_dtype", "transformers.js_config", "transformers_version", "unk_token_id", "unsloth_fixed",
    "unsloth_version", "use_bfloat16", "use_cache", "use_return_dict",
})
# fmt: on
"""Keys that do not change what the model computes. ``sliding_window`` is one while ``use_sliding_window`` is false."""

IMPLEMENTED: Mapping[str, tuple[Any, ...]] = {
    "attention_bias": (False,),
    "hidden_act": ("silu",),
    "mlp_bias": (False,),
    "partial_rotary_factor": (1.0, None),
    "use_mrope": (False,),
    "use_sliding_window": (False,),
}
"""Keys of which we implement one value."""


_REMEDY = "fetch the original config.json of this model"


@dataclass(frozen=True, slots=True)
class HFConfig:
    """What a ``config.json`` says: the model, and how its weights lie.

    ``dtype`` is the name of the stored number type ("bfloat16"), None where the file is silent. ``quantization`` is
    its ``quantization_config`` as written. ``bos_id`` and ``eos_ids`` are the token ids it names.
    """

    model: ModelConfig
    dtype: str | None = None
    quantization: Mapping[str, Any] | None = None
    bos_id: int | None = None
    eos_ids: tuple[int, ...] = ()


class _Keys:
    """The keys of one file, each ticked off as it is read, so that what remains is what nobody understood."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self.values = values
        self.known = set(INERT) | set(IMPLEMENTED) | {"layer_types"}

    def get(self, key: str, default: Any = None) -> Any:
        """The value; a default where the key is absent or null."""
        self.known.add(key)
        value = self.values.get(key)
        return default if value is None else value

    def need(self, key: str) -> Any:
        value = self.get(key)
        if value is None:
            raise ConfigError(f"config.json lacks {key!r}", _REMEDY)
        return value

    def refuse_unknown(self) -> None:
        unknown = sorted(set(self.values) - self.known)
        if unknown:
            guesses = [difflib.get_close_matches(key, self.known, 1, 0.85) for key in unknown]
            hints = [
                f"{key!r}" + (f" (did you mean {guess[0]!r}?)" if guess else "")
                for key, guess in zip(unknown, guesses, strict=True)
            ]
            raise ConfigError(
                f"config.json has keys that we do not know: {', '.join(hints)}",
                "a key may change what the model computes, so none is ignored; remove those that do not",
            )


def family_of(values: Mapping[str, Any]) -> Family:
    """The family by ``architectures``, else by ``model_type``; ConfigError where it is none of ours."""
    listed = values.get("architectures")
    named = listed[0] if isinstance(listed, list) and listed else None
    if named is None:
        by_type = {family: family for family in ARCHITECTURES.values()}
        family = by_type.get(values.get("model_type", ""))
        named = values.get("model_type")
    else:
        family = ARCHITECTURES.get(named)
    if family is None:
        raise ConfigError(
            f"unknown architecture {named!r}" if named else "config.json names no architecture",
            f"these can be loaded: {', '.join(ARCHITECTURES)}",
        )
    return family


def read_config(values: Mapping[str, Any]) -> HFConfig:
    """Translate a parsed ``config.json``; ConfigError for what we do not know or do not implement."""
    try:
        return _read(values)
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, e['loc'])) or 'config'}: {e['msg']}" for e in error.errors())
        raise ConfigError(f"config.json cannot be built: {problems}", _REMEDY) from error
    except (TypeError, ValueError, ArithmeticError, AttributeError) as error:  # a list where a number belongs
        raise ConfigError(f"config.json holds a value of the wrong kind: {error}", _REMEDY) from error


def _read(values: Mapping[str, Any]) -> HFConfig:
    family = family_of(values)
    keys = _Keys(values)
    _refuse_unimplemented(values)
    model = ModelConfig(
        family=family,
        vocab_size=keys.need("vocab_size"),
        hidden_size=keys.need("hidden_size"),
        intermediate_size=keys.need("intermediate_size"),
        num_layers=keys.need("num_hidden_layers"),
        max_position=keys.need("max_position_embeddings"),
        norm_eps=keys.get("rms_norm_eps", 1e-6),
        tie_embeddings=keys.get("tie_word_embeddings", False),
        init_std=keys.get("initializer_range", 0.02),
        rope=_read_rope(keys, interleaved=_INTERLEAVED[family](keys)),
        **_FAMILY[family](keys),
    )
    keys.refuse_unknown()
    quantization = values.get("quantization_config")
    return HFConfig(
        model=model,
        dtype=values.get("dtype") or values.get("torch_dtype"),
        quantization=dict(quantization) if quantization is not None else None,
        bos_id=next(iter(sorted(token_ids(values.get("bos_token_id")))), None),
        eos_ids=tuple(sorted(token_ids(values.get("eos_token_id")))),
    )


def _refuse_unimplemented(values: Mapping[str, Any]) -> None:
    for key, allowed in IMPLEMENTED.items():
        if key in values and values[key] is not None and values[key] not in allowed:
            raise ConfigError(
                f"config.json says {key} = {values[key]!r}, which is not implemented",
                f"only {allowed[0]!r} is; choose another model",
            )
    layer_types = values.get("layer_types") or []
    if any(kind != "full_attention" for kind in layer_types):
        raise ConfigError(
            f"config.json asks for layers of type {sorted(set(layer_types) - {'full_attention'})}",
            "only full_attention is implemented; choose another model",
        )


# ---- attention and experts, by family ------------------------------------------------------------------------------


def _read_llama(keys: _Keys) -> dict[str, Any]:
    return {"attention": _read_gqa(keys)}


def _read_qwen2(keys: _Keys) -> dict[str, Any]:
    return {"attention": _read_gqa(keys, qkv_bias=True)}


def _read_qwen3(keys: _Keys) -> dict[str, Any]:
    return {"attention": _read_gqa(keys, qk_norm=True, head_dim=128)}


def _read_gqa(keys: _Keys, *, qkv_bias: bool = False, qk_norm: bool = False, head_dim: int | None = None) -> GQAConfig:
    heads = keys.need("num_attention_heads")
    return GQAConfig(
        num_heads=heads,
        num_kv_heads=keys.get("num_key_value_heads", heads),
        head_dim=keys.get("head_dim", head_dim or keys.need("hidden_size") // heads),
        qkv_bias=qkv_bias,
        qk_norm=qk_norm,
    )


def _read_mla(keys: _Keys) -> MLAConfig:
    keys.known |= {"num_key_value_heads", "head_dim", "qk_head_dim"}  # all follow from the sizes below
    return MLAConfig(
        num_heads=keys.need("num_attention_heads"),
        q_lora_rank=keys.get("q_lora_rank"),
        kv_lora_rank=keys.need("kv_lora_rank"),
        qk_nope_head_dim=keys.need("qk_nope_head_dim"),
        qk_rope_head_dim=keys.need("qk_rope_head_dim"),
        v_head_dim=keys.need("v_head_dim"),
    )


def _read_deepseek_v2(keys: _Keys) -> dict[str, Any]:
    moe = _read_moe(keys, scoring="softmax", selection="greedy", normalize=False)
    return {"attention": _read_mla(keys), "moe": moe}


def _read_deepseek_v3(keys: _Keys) -> dict[str, Any]:
    mtp = keys.get("num_nextn_predict_layers", keys.get("num_mtp_layers", 0))
    moe = _read_moe(keys, scoring="sigmoid", selection="noaux_tc", normalize=True)
    return {"attention": _read_mla(keys), "moe": moe, "num_mtp_layers": mtp}


def _read_moe(keys: _Keys, *, scoring: str, selection: str, normalize: bool) -> MoEConfig | None:
    experts = keys.get("n_routed_experts")
    if experts is None:
        return None
    return MoEConfig(
        num_experts=experts,
        experts_per_token=keys.need("num_experts_per_tok"),
        num_shared_experts=keys.get("n_shared_experts", 0),
        intermediate_size=keys.need("moe_intermediate_size"),
        scoring=keys.get("scoring_func", scoring),
        selection=keys.get("topk_method", selection),
        num_groups=keys.get("n_group", 1),
        topk_groups=keys.get("topk_group", 1),
        normalize=keys.get("norm_topk_prob", normalize),
        routed_scaling_factor=keys.get("routed_scaling_factor", 1.0),
        first_dense_layers=keys.get("first_k_dense_replace", 0),
        layer_freq=keys.get("moe_layer_freq", 1),
    )


_FAMILY: Mapping[Family, Callable[[_Keys], dict[str, Any]]] = {
    "deepseek_v2": _read_deepseek_v2,
    "deepseek_v3": _read_deepseek_v3,
    "llama": _read_llama,
    "qwen2": _read_qwen2,
    "qwen3": _read_qwen3,
}

_INTERLEAVED: Mapping[Family, Callable[[_Keys], bool]] = {
    "deepseek_v2": lambda _: True,
    "deepseek_v3": lambda keys: bool(keys.get("rope_interleave", True)),
    "llama": lambda _: False,
    "qwen2": lambda _: False,
    "qwen3": lambda _: False,
}


# ---- rotary positions ----------------------------------------------------------------------------------------------


def _read_rope(keys: _Keys, *, interleaved: bool) -> RopeConfig:
    """``rope_parameters`` (transformers 5) before ``rope_theta`` and ``rope_scaling`` (transformers 4)."""
    old_theta, old_scaling = keys.get("rope_theta", 10_000.0), keys.get("rope_scaling", {})
    scaling = dict(keys.get("rope_parameters", old_scaling))
    theta = scaling.pop("rope_theta", old_theta)
    if scaling.pop("partial_rotary_factor", 1.0) not in (1.0, None):
        raise ConfigError("config.json asks for a partial rotary factor", "it is not implemented; choose another model")
    kind = scaling.pop("rope_type", None) or scaling.get("type") or "default"
    scaling.pop("type", None)
    if kind == "default":
        return RopeConfig(theta=theta, interleaved=interleaved)
    if kind not in _SCALINGS:
        raise ConfigError(
            f"config.json asks for rope scaling {kind!r}, which is not implemented",
            f"these are: {', '.join(_SCALINGS)}; choose another model",
        )
    return RopeConfig(theta=theta, interleaved=interleaved, scaling=_SCALINGS[kind](scaling, keys))


def _read_yarn(scaling: dict[str, Any], keys: _Keys) -> YarnScaling:
    original = scaling.pop("original_max_position_embeddings", None)
    factor = scaling.pop("factor", None)
    if original is None:
        raise ConfigError("config.json's rope scaling lacks 'original_max_position_embeddings'", "add it")
    scaled = YarnScaling(
        factor=factor if factor is not None else keys.need("max_position_embeddings") / original,
        original_max_position=original,
        beta_fast=scaling.pop("beta_fast", None) or 32.0,
        beta_slow=scaling.pop("beta_slow", None) or 1.0,
        mscale=_absent_is(scaling.pop("mscale", None), 1.0),
        mscale_all_dim=_absent_is(scaling.pop("mscale_all_dim", None), 0.0),
    )
    if scaling.pop("attention_factor", None) is not None or not scaling.pop("truncate", True):
        raise ConfigError(
            "config.json's yarn scaling sets attention_factor or truncate", "they are not implemented; remove them"
        )
    _refuse_leftovers(scaling)
    return scaled


def _absent_is(value: float | None, default: float) -> float:
    return default if value is None else value


def _read_llama3(scaling: dict[str, Any], _: _Keys) -> Llama3Scaling:
    names = ("factor", "low_freq_factor", "high_freq_factor", "original_max_position_embeddings")
    missing = [name for name in names if scaling.get(name) is None]
    if missing:
        raise ConfigError(f"config.json's llama3 rope scaling lacks {', '.join(missing)}", "add it")
    factor, low, high, original = (scaling.pop(name) for name in names)
    scaled = Llama3Scaling(factor=factor, low_freq_factor=low, high_freq_factor=high, original_max_position=original)
    _refuse_leftovers(scaling)
    return scaled


def _refuse_leftovers(scaling: Mapping[str, Any]) -> None:
    if scaling:
        raise ConfigError(f"config.json's rope scaling has unknown keys: {', '.join(sorted(scaling))}", "remove them")


_SCALINGS: Mapping[str, Callable[[dict[str, Any], _Keys], YarnScaling | Llama3Scaling]] = {
    "yarn": _read_yarn,
    "llama3": _read_llama3,
}
