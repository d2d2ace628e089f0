"""Rotary positions in ``config.json``, in the spelling of transformers 4 and of transformers 5.

Both are written, because readers know one or the other and ignore the one they do not. Layers that slide may have an
embedding of their own: ``rope_local_base_freq`` in the one, an entry for each type of layer in the other.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from fathom.base.errors import ConfigError
from fathom.model.config import (
    GQAConfig,
    LinearScaling,
    Llama3Scaling,
    LongRopeScaling,
    ModelConfig,
    RopeConfig,
    RopeScaling,
    YarnScaling,
)
from fathom.model.families.keys import HFKeys, rotary_factor


def read_ropes(keys: HFKeys, *, interleaved: bool) -> tuple[RopeConfig, RopeConfig | None]:
    """The rotary embedding of the model, and that of layers that slide where it is another.

    ``rope_parameters`` (transformers 5) come before ``rope_theta`` and ``rope_scaling`` (transformers 4).
    """
    old_theta, old_scaling = keys.get("rope_theta", 10_000.0), keys.get("rope_scaling") or {}
    local_theta = keys.get("rope_local_base_freq")
    parameters = keys.get("rope_parameters") or old_scaling
    by_type = "full_attention" in parameters
    rope = _read_rope(keys, parameters["full_attention"] if by_type else parameters, old_theta, interleaved)
    local = parameters.get("sliding_attention") if by_type else None
    if local is None and local_theta is None:
        return rope, None
    sliding = _read_rope(keys, local or {}, local_theta or 10_000.0, interleaved)
    return rope, None if sliding == rope else sliding


def _read_rope(keys: HFKeys, parameters: Mapping[str, Any], theta: float, interleaved: bool) -> RopeConfig:
    scaling = dict(parameters)
    theta = scaling.pop("rope_theta", theta)
    scaling.pop("partial_rotary_factor", None)  # a family reads it that knows it
    kind = scaling.pop("rope_type", None) or scaling.get("type") or "default"
    scaling.pop("type", None)
    if "long_factor" in scaling:  # under names from "su" to "yarn" in older files of Phi-3
        kind = "longrope"
    if kind in ("default", "dynamic"):  # dynamic differs from default beyond max_position_embeddings alone
        return RopeConfig(theta=theta, interleaved=interleaved)
    if kind not in _SCALINGS:
        raise ConfigError(
            f"config.json asks for rope scaling {kind!r}, which is not implemented",
            f"these are: dynamic, {', '.join(_SCALINGS)}; choose another model",
        )
    return RopeConfig(theta=theta, interleaved=interleaved, scaling=_SCALINGS[kind](scaling, keys))


def _read_yarn(scaling: dict[str, Any], keys: HFKeys) -> YarnScaling:
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


def _read_longrope(scaling: dict[str, Any], keys: HFKeys) -> LongRopeScaling:
    """Phi-3 states the original length beside the scaling, and the factor as a ratio of lengths."""
    if missing := [name for name in ("short_factor", "long_factor") if scaling.get(name) is None]:
        raise ConfigError(f"config.json's longrope scaling lacks {', '.join(missing)}", "add it")
    short, long = scaling.pop("short_factor"), scaling.pop("long_factor")
    context = keys.need("max_position_embeddings")
    original = scaling.pop("original_max_position_embeddings", None)
    original = keys.get("original_max_position_embeddings", original or context)
    factor = scaling.pop("factor", None) or context / original
    magnitude = scaling.pop("attention_factor", None)
    if magnitude is None:
        magnitude = math.sqrt(1 + math.log(factor) / math.log(original)) if factor > 1 else 1.0
    _refuse_leftovers(scaling)
    return LongRopeScaling(
        short_factors=short, long_factors=long, original_max_position=original, attention_factor=magnitude
    )


def _absent_is(value: float | None, default: float) -> float:
    return default if value is None else value


def _read_linear(scaling: dict[str, Any], _: HFKeys) -> LinearScaling:
    factor = scaling.pop("factor", None)
    if factor is None:
        raise ConfigError("config.json's linear rope scaling lacks 'factor'", "add it")
    scaling.pop("original_max_position_embeddings", None)  # says where the factor comes from
    _refuse_leftovers(scaling)
    return LinearScaling(factor=factor)


def _read_llama3(scaling: dict[str, Any], _: HFKeys) -> Llama3Scaling:
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


_SCALINGS: Mapping[str, Callable[[dict[str, Any], HFKeys], RopeScaling]] = {
    "linear": _read_linear,
    "longrope": _read_longrope,
    "yarn": _read_yarn,
    "llama3": _read_llama3,
}


# ---- writing -------------------------------------------------------------------------------------------------------


def write_ropes(config: ModelConfig) -> dict[str, Any]:
    """The keys in both spellings."""
    rope, attention = config.rope, config.attention
    parameters = _parameters(rope)
    old = None if rope.scaling is None else {"type": parameters["rope_type"], **parameters}
    values: dict[str, Any] = {"rope_theta": rope.theta, "rope_scaling": old}
    partial: dict[str, Any] = {}
    if isinstance(attention, GQAConfig) and attention.rotary_dim is not None:
        partial["partial_rotary_factor"] = rotary_factor(attention.rotary_dim, attention.head_dim)
    if isinstance(rope.scaling, LongRopeScaling):
        values["original_max_position_embeddings"] = rope.scaling.original_max_position
    new = parameters | partial | {"rope_theta": rope.theta}
    if config.window is None or config.window.rope is None:
        return values | {"rope_parameters": new}
    local = config.window.rope
    if local.scaling is not None:
        raise ConfigError(
            "config.json has no place for a rope scaling of layers that slide", "remove the scaling from window.rope"
        )
    by_type = {"full_attention": new, "sliding_attention": {"rope_type": "default", "rope_theta": local.theta}}
    return values | {"rope_local_base_freq": local.theta, "rope_parameters": by_type}


def _parameters(rope: RopeConfig) -> dict[str, Any]:
    scaling = rope.scaling
    if scaling is None:
        parameters: dict[str, Any] = {"rope_type": "default"}
    elif isinstance(scaling, LinearScaling):
        parameters = {"rope_type": "linear", "factor": scaling.factor}
    elif isinstance(scaling, LongRopeScaling):
        parameters = {
            "rope_type": "longrope",
            "short_factor": list(scaling.short_factors),
            "long_factor": list(scaling.long_factors),
            "original_max_position_embeddings": scaling.original_max_position,
            "attention_factor": scaling.attention_factor,
        }
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
    return parameters
