"""``config.json`` ⇄ ``ModelConfig``, in the spelling of transformers 4 and of transformers 5.

Three rules keep a wrong model from looking like a right one. Every key is either read, or known to change nothing, or
checked to hold the one value that we implement; any other key is an error, because a key that we do not know may well
change the computation. A missing key takes the default that ``transformers`` gives that family, since that is what the
file's author relied upon. And ``auto_map``, which names code inside a model repository, is ignored: such code is
never executed.

What a family alone has is read and written by its file in ``fathom.model.families``. Both spellings of the rotary
settings and of the number type are written, because readers know one or the other and ignore the one they do not.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from fathom.base.errors import ConfigError
from fathom.checkpoint.generation import token_ids
from fathom.model.config import LinearScaling, Llama3Scaling, ModelConfig, RopeConfig, YarnScaling
from fathom.model.families.family import Family
from fathom.model.families.keys import extended_context
from fathom.model.families.registry import FAMILIES

# fmt: off
INERT = frozenset({  # a library's notes to itself, training only, or generation (generation_config.json governs that)
    "_attn_implementation_autoset", "_from_model_config", "_name_or_path", "architectures", "attention_dropout",
    "auto_map", "aux_loss_alpha", "bad_words_ids", "begin_suppress_tokens", "bos_token_id", "cache_implementation",
    "chunk_size_feed_forward", "classifier_dropout", "decoder_start_token_id", "diversity_penalty", "do_sample",
    "dtype", "early_stopping", "embd_pdrop", "encoder_no_repeat_ngram_size", "eos_token_id", "ep_size",
    "exponential_decay_length_penalty", "finetuning_task", "forced_bos_token_id", "forced_eos_token_id",
    "hidden_dropout", "id2label", "is_decoder", "is_encoder_decoder", "is_llama_config", "label2id", "length_penalty",
    "max_length", "max_sequence_length", "max_window_layers", "min_length", "model_type", "neftune_noise_alpha",
    "no_repeat_ngram_size", "num_beam_groups", "num_beams", "num_return_sequences", "output_attentions",
    "output_hidden_states", "output_router_logits", "output_scores", "pad_token_id", "prefix", "pretraining_tp",
    "problem_type", "quantization_config", "remove_invalid_values", "repetition_penalty", "resid_pdrop", "return_dict",
    "return_dict_in_generate", "rope_interleaved", "router_aux_loss_coef", "sep_token_id", "seq_aux", "sliding_window",
    "suppress_tokens", "task_specific_params", "temperature", "tf_legacy_loss", "tie_encoder_decoder",
    "tokenizer_class", "top_k", "top_p", "torch_dtype", "torchscript", "transformers.js_config", "transformers_version",
    "typical_p", "unk_token_id", "unsloth_fixed", "unsloth_version", "use_bfloat16", "use_cache", "use_return_dict",
})
# fmt: on
"""Keys that do not change what the model computes, or are read elsewhere (``sliding_window``)."""

IMPLEMENTED: Mapping[str, tuple[Any, ...]] = {
    "add_cross_attention": (False,),
    "cross_attention_hidden_size": (None,),
    "hidden_act": ("silu",),
    "mlp_bias": (False,),
    "partial_rotary_factor": (1.0, None),
    "pruned_heads": ({},),
    "use_mrope": (False,),
}
"""Keys of which we implement one value."""


_REMEDY = "fetch the original config.json of this model"


@dataclass(frozen=True, slots=True)
class HFConfig:
    """The content of a ``config.json``: the model, and how its weights are stored.

    ``dtype`` is the name of the stored number type ("bfloat16"), None where the file is silent. ``quantization`` is
    its ``quantization_config`` as written. ``bos_id`` and ``eos_ids`` are the token ids it names. ``notes`` say what
    was decided where the file leaves a choice.
    """

    model: ModelConfig
    dtype: str | None = None
    quantization: Mapping[str, Any] | None = None
    bos_id: int | None = None
    eos_ids: tuple[int, ...] = ()
    notes: tuple[str, ...] = ()


class _Keys:
    """The keys of one file; each is marked when it is read, so that the remaining ones are unknown."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self.values = values
        self.known = set(INERT) | set(IMPLEMENTED) | {"layer_types", "use_sliding_window"}

    def get(self, key: str, default: Any = None) -> Any:
        """The value; a default where the key is absent or null."""
        self.known.add(key)
        value = self.values.get(key)
        return default if value is None else value

    def ignore(self, *keys: str) -> None:
        """Mark keys as known whose values follow from others."""
        self.known.update(keys)

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
    """The family by ``architectures``, else by ``model_type``; ConfigError for one that is not in the registry."""
    by_architecture = {family.hf_architecture: family for family in FAMILIES.values()}
    listed = values.get("architectures")
    named = listed[0] if isinstance(listed, list) and listed else None
    if named is None:
        named = values.get("model_type")
        family = FAMILIES.get(named or "")
    else:
        family = by_architecture.get(named)
    if family is None:
        raise ConfigError(
            f"unknown architecture {named!r}" if named else "config.json names no architecture",
            f"these can be loaded: {', '.join(by_architecture)}",
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
    rope = _read_rope(keys, interleaved=family.is_interleaved(keys))
    context, window = extended_context(keys.need("max_position_embeddings"), rope), _window(values)
    model = ModelConfig(
        family=family.name,
        vocab_size=keys.need("vocab_size"),
        hidden_size=keys.need("hidden_size"),
        intermediate_size=keys.need("intermediate_size"),
        num_layers=keys.need("num_hidden_layers"),
        max_position=context if window is None else min(window, context),
        norm_eps=keys.get("rms_norm_eps", 1e-6),
        tie_embeddings=keys.get("tie_word_embeddings", False),
        init_std=keys.get("initializer_range", 0.02),
        rope=rope,
        **family.read_hf(keys),
    )
    keys.refuse_unknown()
    quantization = values.get("quantization_config")
    return HFConfig(
        model=model,
        dtype=values.get("dtype") or values.get("torch_dtype"),
        quantization=dict(quantization) if quantization is not None else None,
        bos_id=next(iter(sorted(token_ids(values.get("bos_token_id")))), None),
        eos_ids=tuple(sorted(token_ids(values.get("eos_token_id")))),
        notes=() if window is None or window >= context else (_WINDOW_NOTE.format(context=context, window=window),),
    )


_WINDOW_NOTE = "layers attend to a window of {window} tokens: the context is {window} instead of {context}"


def _refuse_unimplemented(values: Mapping[str, Any]) -> None:
    for key, allowed in IMPLEMENTED.items():
        if key in values and values[key] is not None and values[key] not in allowed:
            raise ConfigError(
                f"config.json says {key} = {values[key]!r}, which is not implemented",
                f"only {allowed[0]!r} is; choose another model",
            )


def _window(values: Mapping[str, Any]) -> int | None:
    """The tokens within which no layer's attention slides; None where none ever does.

    Within its window a sliding layer computes full attention, so a model is exact up to there. The keys are those of
    transformers: ``layer_types``, else ``use_sliding_window`` with ``max_window_layers``.
    """
    window, layers = values.get("sliding_window"), values.get("layer_types") or []
    if unknown := sorted(set(layers) - {"full_attention", "sliding_attention"}):
        raise ConfigError(
            f"config.json asks for layers of type {unknown}", "full_attention is implemented; choose another model"
        )
    if layers:
        slides = "sliding_attention" in layers
    else:
        slides = bool(values.get("use_sliding_window")) and values.get("max_window_layers", 28) < values.get(
            "num_hidden_layers", math.inf
        )
    return window if slides and window is not None else None


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
    if kind in ("default", "dynamic"):  # dynamic differs from default beyond max_position_embeddings alone
        return RopeConfig(theta=theta, interleaved=interleaved)
    if kind not in _SCALINGS:
        raise ConfigError(
            f"config.json asks for rope scaling {kind!r}, which is not implemented",
            f"these are: dynamic, {', '.join(_SCALINGS)}; choose another model",
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
        attention_factor=scaling.pop("attention_factor", None),
        attn_factor=_absent_is(scaling.pop("attn_factor", None), 1.0),
        truncate=bool(scaling.pop("truncate", True)),
    )
    _refuse_leftovers(scaling)
    return scaled


def _absent_is(value: float | None, default: float) -> float:
    return default if value is None else value


def _read_linear(scaling: dict[str, Any], _: _Keys) -> LinearScaling:
    factor = scaling.pop("factor", None)
    if factor is None:
        raise ConfigError("config.json's linear rope scaling lacks 'factor'", "add it")
    scaling.pop("original_max_position_embeddings", None)  # says where the factor comes from
    _refuse_leftovers(scaling)
    return LinearScaling(factor=factor)


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
        raise ConfigError(
            f"config.json's rope scaling has unknown keys: {', '.join(sorted(scaling))}",
            "they may change what the model computes: choose another edition of the model",
        )


_SCALINGS: Mapping[str, Callable[[dict[str, Any], _Keys], LinearScaling | YarnScaling | Llama3Scaling]] = {
    "linear": _read_linear,
    "yarn": _read_yarn,
    "llama3": _read_llama3,
}


# ---- writing -------------------------------------------------------------------------------------------------------


def write_config(
    config: ModelConfig, *, dtype: str, bos_id: int | None = None, eos_ids: tuple[int, ...] = ()
) -> dict[str, Any]:
    """The content of ``config.json``; ``dtype`` as torch names it, without the prefix."""
    family = FAMILIES[config.family]
    return {
        "architectures": [family.hf_architecture],
        "model_type": family.name,
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
        **family.write_hf(config),
    }


def _write_rope(rope: RopeConfig) -> dict[str, Any]:
    scaling = rope.scaling
    if scaling is None:
        parameters: dict[str, Any] = {"rope_type": "default"}
    elif isinstance(scaling, LinearScaling):
        parameters = {"rope_type": "linear", "factor": scaling.factor}
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
        if scaling.attention_factor is not None:
            parameters["attention_factor"] = scaling.attention_factor
        if scaling.attn_factor != 1:
            parameters["attn_factor"] = scaling.attn_factor
        if not scaling.truncate:
            parameters["truncate"] = False
    old = None if scaling is None else {"type": parameters["rope_type"], **parameters}
    return {"rope_theta": rope.theta, "rope_scaling": old, "rope_parameters": parameters | {"rope_theta": rope.theta}}
