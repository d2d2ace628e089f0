"""GGUF metadata ⇄ ``ModelConfig``, in the keys of llama.cpp's converter.

What a family alone has is read and written by its file in ``fathom.model.families``.

Three things are not written where one would look for them. Llama 3.1's rope scaling is not metadata but a tensor of
divisors, ``rope_freqs.weight``: it is matched against the scalings that were ever published and a note that we write
ourselves, and refused where none fits. Tied embeddings show by the absence of ``output.weight``. And of YaRN's two
mscale terms only ``mscale_all_dim`` is kept, times 0.1; where the other differs, as in no DeepSeek model,
``attn_factor`` says so.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from fathom.base.errors import ConfigError
from fathom.model.config import (
    LinearScaling,
    Llama3Scaling,
    LongRopeScaling,
    ModelConfig,
    RopeConfig,
    RopeScaling,
    SlidingWindow,
    YarnScaling,
)
from fathom.model.families.family import Family
from fathom.model.families.keys import decimal, extended_context
from fathom.model.families.registry import FAMILIES
from fathom.model.rope import magnitude

_REMEDY = "convert the model anew with a current llama.cpp, or choose another file"

LLAMA3_KEY = "fathom.rope.llama3"
"""Our own note beside the divisors, [factor, low, high, original], so that what we write we read back exactly."""

_PUBLISHED_LLAMA3 = tuple(
    Llama3Scaling(factor=factor, low_freq_factor=1, high_freq_factor=4, original_max_position=8192)
    for factor in (8, 32)  # Llama 3.1 and 3.3; Llama 3.2
)


class _Metadata:
    """Typed access under the architecture's prefix; errors name the full key."""

    def __init__(self, values: Mapping[str, Any], tensors: Collection[str], architecture: str) -> None:
        self.values = values
        self.tensors = tensors
        self.prefix = architecture + "."
        self.defaults: Mapping[str, Any] = {}
        """Of the family, by key without prefix."""

    def get(self, key: str, default: Any = None) -> Any:
        return self.values.get(self.prefix + key, self.defaults.get(key, default))

    def need(self, key: str) -> Any:
        value = self.get(key)
        if value is None:
            raise ConfigError(f"the GGUF metadata lacks {self.prefix + key!r}", _REMEDY)
        return value

    def number(self, key: str, default: int | None = None) -> int:
        """One integer. Some converters write a list with one entry per layer: they must all agree."""
        value = self.need(key) if default is None else self.get(key, default)
        if isinstance(value, list):
            if len(set(value)) != 1:
                raise ConfigError(f"{self.prefix + key} differs between layers", "choose another model")
            value = value[0]
        if isinstance(value, bool) or not isinstance(value, int):
            raise ConfigError(f"{self.prefix + key} is {value!r}, not a whole number", _REMEDY)
        return value


class RopeTensors(NamedTuple):
    """Tensors that divide the rotary frequencies, (rotary channels / 2,) each, where a file has them."""

    divisors: NDArray[np.float32] | None = None  # rope_freqs.weight
    long: NDArray[np.float32] | None = None  # rope_factors_long.weight
    short: NDArray[np.float32] | None = None  # rope_factors_short.weight


_NO_TENSORS = RopeTensors()


def read_config(
    metadata: Mapping[str, Any], tensors: Collection[str], rope_tensors: RopeTensors = _NO_TENSORS
) -> ModelConfig:
    """Translate the metadata of a file that holds ``tensors``; ConfigError for what we do not know or implement."""
    architecture = metadata.get("general.architecture")
    candidates = [family for family in FAMILIES.values() if family.gguf_architecture == architecture]
    if not isinstance(architecture, str) or not candidates:
        known = sorted({family.gguf_architecture for family in FAMILIES.values()})
        raise ConfigError(f"unknown GGUF architecture {architecture!r}", f"these can be loaded: {', '.join(known)}")
    keys = _Metadata(metadata, tensors, architecture)
    try:
        family = _matching_family(candidates, keys)
        keys.defaults = family.gguf_defaults
        fields = family.read_gguf(keys)
        rope_dim: int = fields["attention"].rope_dim
        rope = _read_rope(keys, rope_dim, family.gguf_is_interleaved, rope_tensors)
        layers, num_mtp_layers = _layer_counts(keys)
        return ModelConfig(
            family=family.name,
            vocab_size=_vocab_size(keys),
            hidden_size=keys.number("embedding_length"),
            intermediate_size=keys.number("feed_forward_length"),
            num_layers=layers,
            num_mtp_layers=num_mtp_layers,
            max_position=extended_context(keys.number("context_length"), rope),
            norm_eps=decimal(keys.need("attention.layer_norm_rms_epsilon")),
            tie_embeddings="output.weight" not in tensors,
            rope=rope,
            **fields | {"window": _with_rope(fields.get("window"), keys, rope)},
        )
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, e['loc'])) or 'config'}: {e['msg']}" for e in error.errors())
        raise ConfigError(f"the GGUF metadata cannot be built: {problems}", _REMEDY) from error
    except (TypeError, ValueError, ArithmeticError) as error:  # a text where a number belongs
        raise ConfigError(f"the GGUF metadata holds a value of the wrong kind: {error}", _REMEDY) from error


def _matching_family(candidates: Sequence[Family], keys: _Metadata) -> Family:
    for family in candidates:
        if family.matches_gguf(keys):
            return family
    raise ConfigError(f"no family of the architecture {candidates[0].gguf_architecture} matches the file", _REMEDY)


def _layer_counts(keys: _Metadata) -> tuple[int, int]:
    """Main layers and MTP modules. ``block_count`` counts both; files without the modules' tensors may name them."""
    modules = keys.number("nextn_predict_layers", 0)
    layers = keys.number("block_count") - modules
    stored = any(name.endswith(".nextn.eh_proj.weight") for name in keys.tensors)
    return layers, modules if stored else 0


def _vocab_size(keys: _Metadata) -> int:
    tokens = keys.values.get("tokenizer.ggml.tokens")
    return len(tokens) if isinstance(tokens, list) else keys.number("vocab_size")


# ---- rotary positions ----------------------------------------------------------------------------------------------


def _with_rope(window: SlidingWindow | None, keys: _Metadata, rope: RopeConfig) -> SlidingWindow | None:
    """``window`` with the rotary embedding of its layers, which llama.cpp does not scale."""
    theta = keys.get("rope.freq_base_swa")
    if window is None or theta is None:
        return window
    own = RopeConfig(theta=decimal(theta), interleaved=rope.interleaved)
    return window if own == rope else window.model_copy(update={"rope": own})


def _read_rope(keys: _Metadata, dim: int, interleaved: bool, tensors: RopeTensors) -> RopeConfig:
    theta, divisors = decimal(keys.get("rope.freq_base", 10_000.0)), tensors.divisors
    kind = keys.get("rope.scaling.type", "linear")  # llama.cpp's default; without a factor it is none
    if kind not in ("none", "linear", "yarn", "longrope"):
        raise ConfigError(f"{keys.prefix}rope.scaling.type is {kind!r}", "none, linear, yarn, longrope are implemented")
    if decimal(keys.get("rope.scaling.alpha", 1.0)) not in (0, 1):
        raise ConfigError(f"{keys.prefix}rope.scaling.alpha is not implemented", "choose another model")
    scaling: RopeScaling | None
    if tensors.long is not None or tensors.short is not None or kind == "longrope":
        scaling = _read_longrope(keys, tensors)
    elif kind == "yarn":
        scaling = _read_yarn(keys)
    elif _attn_factor(keys) != 1:
        raise ConfigError(f"{keys.prefix}rope.scaling.attn_factor without yarn is not implemented", _REMEDY)
    else:
        scaling = _read_linear(keys) if kind == "linear" else None
    published = None if divisors is None else _match_llama3(divisors, theta, dim, keys.values.get(LLAMA3_KEY))
    if published is not None and scaling is not None:
        raise ConfigError(f"the file has both rope_freqs.weight and {keys.prefix}rope.scaling", _REMEDY)
    return RopeConfig(theta=theta, interleaved=interleaved, scaling=scaling or published)


def _read_linear(keys: _Metadata) -> LinearScaling | None:
    """``rope.scaling.factor``, or its older name; 0 and 1 mean no scaling."""
    factor = decimal(keys.get("rope.scaling.factor", keys.get("rope.scale_linear", 1.0)))
    return None if factor in (0, 1) else LinearScaling(factor=factor)


def _read_longrope(keys: _Metadata, tensors: RopeTensors) -> LongRopeScaling:
    """Its factors are tensors; the type of the scaling is not always named."""
    if tensors.long is None or tensors.short is None:
        raise ConfigError("the file lacks rope_factors_long.weight or rope_factors_short.weight", _REMEDY)
    return LongRopeScaling(
        short_factors=tuple(map(decimal, tensors.short.tolist())),
        long_factors=tuple(map(decimal, tensors.long.tolist())),
        original_max_position=keys.number("rope.scaling.original_context_length"),
        attention_factor=_attn_factor(keys),
    )


def _attn_factor(keys: _Metadata) -> float:
    """The factor on cos and sin, under the names of older and newer converters."""
    return decimal(keys.get("rope.scaling.attn_factor", 1.0)) * decimal(keys.get("rope.scaling.yarn_attn_factor", 1.0))


def _read_yarn(keys: _Metadata) -> YarnScaling:
    """``yarn_log_multiplier`` = 0.1 · mscale_all_dim; absent outside DeepSeek, where both terms are YaRN's own."""
    multiplier = keys.get("rope.scaling.yarn_log_multiplier")
    with np.errstate(over="ignore"):
        mscale = None if multiplier is None else decimal(float(np.float32(multiplier) / np.float32(0.1)))
    if mscale is not None and not math.isfinite(mscale):
        where = f"{keys.prefix}rope.scaling.yarn_log_multiplier"
        raise ConfigError(f"{where} is {multiplier!r}, not a usable number", _REMEDY)
    if decimal(keys.get("rope.scaling.yarn_ext_factor", 1.0)) != 1:
        raise ConfigError(f"{keys.prefix}rope.scaling.yarn_ext_factor is not implemented", "choose another model")
    return YarnScaling(
        factor=decimal(keys.need("rope.scaling.factor")),
        original_max_position=keys.number("rope.scaling.original_context_length"),
        beta_fast=decimal(keys.get("rope.scaling.yarn_beta_fast", 32.0)),
        beta_slow=decimal(keys.get("rope.scaling.yarn_beta_slow", 1.0)),
        mscale=1.0 if mscale is None else mscale,
        mscale_all_dim=0.0 if mscale is None else mscale,
        attn_factor=_attn_factor(keys),
    )


def _match_llama3(divisors: NDArray[np.float32], theta: float, dim: int, noted: Any) -> Llama3Scaling | None:
    """The scaling that gives these divisors: the one noted in the file, else a published one."""
    if np.all(divisors == 1):
        return None
    for scaling in (*_noted_llama3(noted), *_PUBLISHED_LLAMA3):
        expected = llama3_divisors(scaling, theta, dim)
        if divisors.shape == expected.shape and np.allclose(divisors, expected, rtol=1e-3):
            return scaling
    raise ConfigError("rope_freqs.weight holds a rope scaling that we do not know", "choose another model")


def _noted_llama3(noted: Any) -> list[Llama3Scaling]:
    if not isinstance(noted, list) or len(noted) != 4:
        return []
    factor, low, high, original = noted
    return [
        Llama3Scaling(factor=factor, low_freq_factor=low, high_freq_factor=high, original_max_position=round(original))
    ]


def llama3_divisors(scaling: Llama3Scaling, theta: float, dim: int) -> NDArray[np.float32]:
    """What ``rope_freqs.weight`` holds: by how much each frequency is divided, (dim / 2,)."""
    frequencies = theta ** -(np.arange(0, dim, 2, dtype=np.float64) / dim)
    turns = scaling.original_max_position * frequencies / (2 * math.pi)
    smooth = (turns - scaling.low_freq_factor) / (scaling.high_freq_factor - scaling.low_freq_factor)
    smooth = smooth.clip(0, 1)  # 0: slowed by the whole factor, 1: untouched
    return (1 / ((1 - smooth) / scaling.factor + smooth)).astype(np.float32)


# ---- writing -------------------------------------------------------------------------------------------------------


def write_config(config: ModelConfig) -> dict[str, Any]:
    """``general.architecture`` and every key under it."""
    family = FAMILIES[config.family]
    values: dict[str, Any] = {
        "vocab_size": config.vocab_size,
        "block_count": config.num_layers + config.num_mtp_layers,
        "context_length": config.max_position,
        "embedding_length": config.hidden_size,
        "feed_forward_length": config.intermediate_size,
        "attention.head_count": config.attention.num_heads,
        "attention.layer_norm_rms_epsilon": float(config.norm_eps),
        "rope.freq_base": float(config.rope.theta),
        "rope.dimension_count": config.attention.rope_dim,
        **family.write_gguf(config),
    }
    if config.num_mtp_layers:
        values["nextn_predict_layers"] = config.num_mtp_layers
    scaling = config.rope.scaling
    if isinstance(scaling, YarnScaling):
        values |= _write_yarn(scaling, magnitude(config.rope))
    if isinstance(scaling, LinearScaling):
        values |= {"rope.scaling.type": "linear", "rope.scaling.factor": float(scaling.factor)}
    if isinstance(scaling, LongRopeScaling):
        values["rope.scaling.original_context_length"] = scaling.original_max_position
        values["rope.scaling.attn_factor"] = float(scaling.attention_factor)
    prefix = family.gguf_architecture
    written = {"general.architecture": prefix} | {f"{prefix}.{key}": value for key, value in values.items()}
    if isinstance(scaling, Llama3Scaling):
        factors = [scaling.factor, scaling.low_freq_factor, scaling.high_freq_factor, scaling.original_max_position]
        written[LLAMA3_KEY] = [float(factor) for factor in factors]
    return written


def _write_yarn(scaling: YarnScaling, factor: float) -> dict[str, Any]:
    """``factor`` is that on cos and sin. Readers make it 0.1 · ln(factor) + 1, and 1 beside ``yarn_log_multiplier``;
    ``attn_factor`` brings it to what it is.
    """
    if not scaling.truncate:
        raise ConfigError(
            "a GGUF file cannot say that YaRN's bounds are not whole channels", "save a directory instead"
        )
    own = 1.0 if scaling.mscale_all_dim or scaling.factor <= 1 else 0.1 * math.log(scaling.factor) + 1
    values: dict[str, Any] = {
        "rope.scaling.type": "yarn",
        "rope.scaling.factor": float(scaling.factor),
        "rope.scaling.original_context_length": scaling.original_max_position,
        "rope.scaling.yarn_beta_fast": float(scaling.beta_fast),
        "rope.scaling.yarn_beta_slow": float(scaling.beta_slow),
    }
    if scaling.mscale_all_dim:
        values["rope.scaling.yarn_log_multiplier"] = 0.1 * scaling.mscale_all_dim
    if not math.isclose(factor, own, rel_tol=1e-6):
        values["rope.scaling.attn_factor"] = factor / own
    return values
