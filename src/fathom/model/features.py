"""What a model has beyond the plain decoder, in words: for ``fathom inspect`` and for reading configurations."""

from __future__ import annotations

from collections.abc import Iterator

from fathom.model.config import (
    GQAConfig,
    LinearScaling,
    Llama3Scaling,
    LongRopeScaling,
    ModelConfig,
    RopeConfig,
    YarnScaling,
)

_NORMS = {"pre": None, "post": "norms of outputs, not of inputs", "sandwich": "norms of inputs and of outputs"}


def features(config: ModelConfig) -> tuple[str, ...]:
    """One phrase a feature; empty for a plain decoder."""
    return (*_attention(config), *_positions(config), *_rest(config))


def _attention(config: ModelConfig) -> Iterator[str]:
    window, attention = config.window, config.attention
    if window is not None:
        yield f"window of {window.size:,} tokens in {len(window.layers)} of {config.num_layers} layers"
    if not isinstance(attention, GQAConfig):
        return
    if attention.qk_norm:
        yield "norms on queries and keys" + (", all heads as one" if attention.qk_norm_span == "projection" else "")
    if attention.qkv_bias:
        yield "biases on queries, keys and values" + (", and on the output" if attention.o_bias else "")
    if attention.query_pre_attn_scalar is not None:
        yield f"scores divided by the root of {attention.query_pre_attn_scalar:g}"
    if attention.softcap is not None:
        yield f"scores capped at {attention.softcap:g}"


def _positions(config: ModelConfig) -> Iterator[str]:
    attention, window = config.attention, config.window
    if isinstance(attention, GQAConfig) and attention.rotary_dim is not None:
        yield f"{attention.rotary_dim} of {attention.head_dim} channels rotated"
    if config.nope_layers:
        yield f"no rotation in {len(config.nope_layers)} of {config.num_layers} layers"
    if scaling := _scaling(config.rope):
        yield scaling
    if window is not None and window.rope is not None:
        yield f"rope theta {config.rope.theta:,.0f}, and {window.rope.theta:,.0f} within the window"


def _scaling(rope: RopeConfig) -> str | None:
    match rope.scaling:
        case LinearScaling(factor=factor):
            return f"positions divided by {factor:g}"
        case YarnScaling(factor=factor, original_max_position=original):
            return f"YaRN, {factor:g} times {original:,} tokens"
        case Llama3Scaling(factor=factor, original_max_position=original):
            return f"Llama 3 rope scaling, {factor:g} times {original:,} tokens"
        case LongRopeScaling(original_max_position=original):
            return f"LongRoPE beyond {original:,} tokens"
    return None


def _rest(config: ModelConfig) -> Iterator[str]:
    if norms := _NORMS[config.norm_placement]:
        yield norms
    if config.activation == "gelu_tanh":
        yield "gated by GELU"
    if config.embedding_scale is not None:
        yield f"embeddings times {config.embedding_scale:.4g}"
    if config.logit_softcap is not None:
        yield f"logits capped at {config.logit_softcap:g}"
