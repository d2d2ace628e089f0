"""GGUF metadata ⇄ ``ModelConfig``, for the architectures ``llama``, ``qwen2``, ``qwen3`` and ``deepseek2``.

Three things are not written where one would look for them. Llama 3.1's rope scaling is not metadata but a tensor of
divisors, ``rope_freqs.weight``: it is matched against the scalings that were ever published and a note that we write
ourselves, and refused where none fits. Tied embeddings show by the absence of ``output.weight``. And of YaRN's two
mscale terms only ``mscale_all_dim`` is kept, times 0.1; every DeepSeek model has both equal.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from fathom.base.errors import ConfigError
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

_REMEDY = "convert the model anew with a current llama.cpp, or choose another file"

LLAMA3_KEY = "fathom.rope.llama3"
"""Our own note beside the divisors, [factor, low, high, original], so that what we write we read back exactly."""

_PUBLISHED_LLAMA3 = tuple(
    Llama3Scaling(factor=factor, low_freq_factor=1, high_freq_factor=4, original_max_position=8192)
    for factor in (8, 32)  # Llama 3.1 and 3.3; Llama 3.2
)

SCORING: Mapping[int, Literal["softmax", "sigmoid"]] = {1: "softmax", 2: "sigmoid"}


class _Metadata:
    """Typed access under the architecture's prefix; errors name the full key."""

    def __init__(self, values: Mapping[str, Any], tensors: Collection[str], architecture: str) -> None:
        self.values = values
        self.tensors = tensors
        self.prefix = architecture + "."

    def get(self, key: str, default: Any = None) -> Any:
        return self.values.get(self.prefix + key, default)

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


def read_config(
    metadata: Mapping[str, Any], tensors: Collection[str], rope_divisors: NDArray[np.float32] | None = None
) -> ModelConfig:
    """Translate the metadata of a file that holds ``tensors``; ConfigError for what we do not know or implement.

    ``rope_divisors`` is the content of ``rope_freqs.weight`` where the file has it, (head_dim / 2,).
    """
    architecture = metadata.get("general.architecture")
    readers = {"llama": _read_llama, "qwen2": _read_qwen2, "qwen3": _read_qwen3, "deepseek2": _read_deepseek2}
    if not isinstance(architecture, str) or architecture not in readers:
        raise ConfigError(
            f"unknown GGUF architecture {architecture!r}", f"these can be loaded: {', '.join(sorted(readers))}"
        )
    keys = _Metadata(metadata, tensors, architecture)
    try:
        specific = readers[architecture](keys)
        attention: GQAConfig | MLAConfig = specific["attention"]
        interleaved = architecture == "deepseek2"
        return ModelConfig(
            vocab_size=_vocab_size(keys),
            hidden_size=keys.number("embedding_length"),
            intermediate_size=keys.number("feed_forward_length"),
            num_layers=keys.number("block_count"),
            max_position=keys.number("context_length"),
            norm_eps=_decimal(keys.need("attention.layer_norm_rms_epsilon")),
            tie_embeddings="output.weight" not in tensors,
            rope=_read_rope(keys, attention.rope_dim, interleaved, rope_divisors),
            **specific,
        )
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, e['loc'])) or 'config'}: {e['msg']}" for e in error.errors())
        raise ConfigError(f"the GGUF metadata cannot be built: {problems}", _REMEDY) from error
    except (TypeError, ValueError, ArithmeticError) as error:  # a text where a number belongs
        raise ConfigError(f"the GGUF metadata holds a value of the wrong kind: {error}", _REMEDY) from error


def _vocab_size(keys: _Metadata) -> int:
    tokens = keys.values.get("tokenizer.ggml.tokens")
    return len(tokens) if isinstance(tokens, list) else keys.number("vocab_size")


def _decimal(value: Any) -> float:
    """The decimal number that was meant: files store float32, in which 1e-5 reads 9.999999747378752e-06."""
    return float(f"{value:.7g}") if isinstance(value, float | int) else math.nan


# ---- by architecture -----------------------------------------------------------------------------------------------


def _read_llama(keys: _Metadata) -> dict[str, Any]:
    if keys.get("expert_count"):
        raise ConfigError("the file holds a Mixtral, which is not implemented", "choose another model")
    return {"family": "llama", "attention": _read_gqa(keys)}


def _read_qwen2(keys: _Metadata) -> dict[str, Any]:
    return {"family": "qwen2", "attention": _read_gqa(keys, qkv_bias=True)}


def _read_qwen3(keys: _Metadata) -> dict[str, Any]:
    return {"family": "qwen3", "attention": _read_gqa(keys, qk_norm=True)}


def _read_gqa(keys: _Metadata, *, qkv_bias: bool = False, qk_norm: bool = False) -> GQAConfig:
    heads = keys.number("attention.head_count")
    head_dim = keys.number("attention.key_length", keys.number("embedding_length") // max(heads, 1))
    for key in ("attention.value_length", "rope.dimension_count"):
        if keys.number(key, head_dim) != head_dim:
            raise ConfigError(f"{keys.prefix}{key} differs from the head's {head_dim} channels", "choose another model")
    return GQAConfig(
        num_heads=heads,
        num_kv_heads=keys.number("attention.head_count_kv", heads),
        head_dim=head_dim,
        qkv_bias=qkv_bias,
        qk_norm=qk_norm,
    )


def _read_deepseek2(keys: _Metadata) -> dict[str, Any]:
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
    moe = _read_moe(keys) if keys.get("expert_count") else None
    v3 = moe is not None and moe.scoring == "sigmoid"
    family: Family = "deepseek_v3" if v3 else "deepseek_v2"
    return {"family": family, "attention": attention, "moe": moe}


def _read_moe(keys: _Metadata) -> MoEConfig:
    gating = keys.number("expert_gating_func", 1)  # files older than the key hold V2, which is softmax
    if gating not in SCORING:
        raise ConfigError(f"{keys.prefix}expert_gating_func is {gating}", "1 (softmax) and 2 (sigmoid) are implemented")
    groups = keys.number("expert_group_count", 1) or 1
    biased = any(name.endswith(".exp_probs_b.bias") for name in keys.tensors)
    grouped: Literal["greedy", "group_limited_greedy"] = "group_limited_greedy" if groups > 1 else "greedy"
    return MoEConfig(
        num_experts=keys.number("expert_count"),
        experts_per_token=keys.number("expert_used_count"),
        num_shared_experts=keys.number("expert_shared_count", 0),
        intermediate_size=keys.number("expert_feed_forward_length"),
        scoring=SCORING[gating],
        selection="noaux_tc" if biased else grouped,
        num_groups=groups,
        topk_groups=keys.number("expert_group_used_count", 1) or 1,
        normalize=bool(keys.get("expert_weights_norm", False)),
        routed_scaling_factor=_decimal(keys.get("expert_weights_scale", 1.0) or 1.0),
        first_dense_layers=keys.number("leading_dense_block_count", 0),
    )


# ---- rotary positions ----------------------------------------------------------------------------------------------


def _read_rope(keys: _Metadata, dim: int, interleaved: bool, divisors: NDArray[np.float32] | None) -> RopeConfig:
    theta = _decimal(keys.get("rope.freq_base", 10_000.0))
    kind = keys.get("rope.scaling.type", "none")
    if kind == "yarn":
        return RopeConfig(theta=theta, interleaved=interleaved, scaling=_read_yarn(keys))
    if kind != "none" and keys.get("rope.scaling.factor", 1.0) not in (0.0, 1.0):
        raise ConfigError(f"{keys.prefix}rope.scaling.type is {kind!r}", "none and yarn are implemented")
    scaling = None if divisors is None else _match_llama3(divisors, theta, dim, keys.values.get(LLAMA3_KEY))
    return RopeConfig(theta=theta, interleaved=interleaved, scaling=scaling)


def _read_yarn(keys: _Metadata) -> YarnScaling:
    """``yarn_log_multiplier`` = 0.1 · mscale_all_dim; absent outside DeepSeek, where both terms are YaRN's own."""
    multiplier = keys.get("rope.scaling.yarn_log_multiplier")
    with np.errstate(over="ignore"):
        mscale = None if multiplier is None else _decimal(float(np.float32(multiplier) / np.float32(0.1)))
    if mscale is not None and not math.isfinite(mscale):
        where = f"{keys.prefix}rope.scaling.yarn_log_multiplier"
        raise ConfigError(f"{where} is {multiplier!r}, not a usable number", _REMEDY)
    return YarnScaling(
        factor=_decimal(keys.need("rope.scaling.factor")),
        original_max_position=keys.number("rope.scaling.original_context_length"),
        beta_fast=_decimal(keys.get("rope.scaling.yarn_beta_fast", 32.0)),
        beta_slow=_decimal(keys.get("rope.scaling.yarn_beta_slow", 1.0)),
        mscale=1.0 if mscale is None else mscale,
        mscale_all_dim=0.0 if mscale is None else mscale,
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
