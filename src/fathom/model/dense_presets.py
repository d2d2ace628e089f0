"""The configurations of Gemma, GLM-4, Mistral, OLMo 2, Phi and SmolLM3, as published in each model's configuration
file, and tiny ones.

Of those whose LongRoPE factors are a table of numbers (Phi-3 128k, Phi-4-mini) there is no preset: their files hold it.
"""

from __future__ import annotations

import math
from typing import Any

from fathom.model.config import (
    GQAConfig,
    LinearScaling,
    LongRopeScaling,
    ModelConfig,
    RopeConfig,
    RopeScaling,
    SlidingWindow,
)


def _gemma(
    family: str, width: int, layers: int, heads: int, kv_heads: int, inner: int, head_dim: int = 256, **parts: Any
) -> ModelConfig:
    scalar, softcap = parts.pop("query_pre_attn_scalar", None), parts.pop("softcap", None)
    values = {
        "family": family,
        "hidden_size": width,
        "intermediate_size": inner,
        "num_layers": layers,
        "attention": GQAConfig(
            num_heads=heads,
            num_kv_heads=kv_heads,
            head_dim=head_dim,
            qk_norm=family == "gemma3",
            query_pre_attn_scalar=scalar,
            softcap=softcap,
        ),
        "norm_placement": "sandwich",
        "norm_offset": 1,
        "activation": "gelu_tanh",
        "embedding_scale": math.sqrt(width),
        "tie_embeddings": True,
    }
    return ModelConfig.model_validate(values | parts)


def _gemma2(
    width: int, layers: int, heads: int, kv_heads: int, inner: int, head_dim: int = 256, **parts: Any
) -> ModelConfig:
    window = SlidingWindow(size=4096, layers=tuple(range(0, layers, 2)))
    common = {"vocab_size": 256_000, "max_position": 8192, "softcap": 50.0, "logit_softcap": 30.0, "window": window}
    return _gemma("gemma2", width, layers, heads, kv_heads, inner, head_dim, **common, **parts)


def _gemma3(
    width: int, layers: int, heads: int, kv_heads: int, inner: int, head_dim: int = 256, *, window: int, **parts: Any
) -> ModelConfig:
    slide = tuple(layer for layer in range(layers) if (layer + 1) % 6)
    common = {
        "vocab_size": 262_208,
        "max_position": 131_072,
        "rope": RopeConfig(theta=1e6, scaling=LinearScaling(factor=8)),
        "window": SlidingWindow(size=window, layers=slide, rope=RopeConfig(theta=1e4)),
    }
    return _gemma("gemma3", width, layers, heads, kv_heads, inner, head_dim, **common | parts)


def _olmo2(width: int, layers: int, heads: int, kv_heads: int, inner: int) -> ModelConfig:
    return ModelConfig(
        family="olmo2",
        vocab_size=100_352,
        hidden_size=width,
        intermediate_size=inner,
        num_layers=layers,
        attention=GQAConfig(
            num_heads=heads, num_kv_heads=kv_heads, head_dim=width // heads, qk_norm=True, qk_norm_span="projection"
        ),
        rope=RopeConfig(theta=500_000),
        max_position=4096,
        norm_placement="post",
    )


def _glm4(width: int, layers: int, heads: int, kv_heads: int, inner: int, *, bias: bool) -> ModelConfig:
    return ModelConfig(
        family="glm4",
        vocab_size=151_552,
        hidden_size=width,
        intermediate_size=inner,
        num_layers=layers,
        attention=GQAConfig(num_heads=heads, num_kv_heads=kv_heads, head_dim=128, qkv_bias=bias, rotary_dim=64),
        rope=RopeConfig(interleaved=True),
        max_position=32_768,
        norm_eps=1e-5,
        norm_placement="sandwich",
    )


def _phi(width: int, layers: int, heads: int, kv_heads: int, inner: int, **parts: Any) -> ModelConfig:
    values = {
        "family": "phi3",
        "hidden_size": width,
        "intermediate_size": inner,
        "num_layers": layers,
        "attention": GQAConfig(num_heads=heads, num_kv_heads=kv_heads, head_dim=width // heads),
        "norm_eps": 1e-5,
    }
    return ModelConfig.model_validate(values | parts)


def _tiny(family: str, **parts: Any) -> ModelConfig:
    """Two layers of 128 with every mechanism of the family at work."""
    sizes = {
        "family": family,
        "vocab_size": 512,
        "hidden_size": 128,
        "intermediate_size": 256,
        "num_layers": 2,
        "max_position": 512,
    }
    return ModelConfig.model_validate(sizes | parts)


def _tiny_gemma(family: str, **parts: Any) -> ModelConfig:
    sizes = {"vocab_size": 512, "max_position": 512}
    return _gemma(family, 128, 2, 4, 2, 256, 32, **sizes | parts)


def _tiny_longrope() -> RopeScaling:
    return LongRopeScaling(
        short_factors=tuple(round(1 + 0.05 * pair, 2) for pair in range(12)),
        long_factors=tuple(1.5 + 0.5 * pair for pair in range(12)),
        original_max_position=64,
        attention_factor=1.19,
    )


def _mistral(
    width: int,
    layers: int,
    heads: int,
    inner: int,
    *,
    vocab: int,
    theta: float,
    context: int,
    window: int | None = None,
) -> ModelConfig:
    return ModelConfig(
        family="mistral",
        vocab_size=vocab,
        hidden_size=width,
        intermediate_size=inner,
        num_layers=layers,
        attention=GQAConfig(num_heads=heads, num_kv_heads=8, head_dim=128),
        rope=RopeConfig(theta=theta),
        max_position=context,
        norm_eps=1e-5,
        window=None if window is None else SlidingWindow(size=window, layers=tuple(range(layers))),
    )


_SMOLLM3 = ModelConfig(
    family="smollm3",
    vocab_size=128_256,
    hidden_size=2048,
    intermediate_size=11_008,
    num_layers=36,
    attention=GQAConfig(num_heads=16, num_kv_heads=4, head_dim=128),
    rope=RopeConfig(theta=5e6),
    max_position=65_536,
    nope_layers=tuple(range(3, 36, 4)),
    tie_embeddings=True,
)


_TINY = {
    "tiny-gemma2": _tiny_gemma(
        "gemma2", softcap=4.0, logit_softcap=3.0, window=SlidingWindow(size=6, layers=(0,)), rope=RopeConfig()
    ),
    "tiny-gemma3": _tiny_gemma(
        "gemma3",
        rope=RopeConfig(theta=1e6, scaling=LinearScaling(factor=8)),
        window=SlidingWindow(size=6, layers=(0,), rope=RopeConfig(theta=1e4)),
    ),
    "tiny-glm4": _tiny(
        "glm4",
        attention=GQAConfig(num_heads=4, num_kv_heads=2, head_dim=32, qkv_bias=True, rotary_dim=16),
        rope=RopeConfig(interleaved=True),
        norm_placement="sandwich",
    ),
    "tiny-mistral": _tiny("mistral", attention=GQAConfig(num_heads=4, num_kv_heads=2, head_dim=64)),
    "tiny-smollm3": _tiny(
        "smollm3",
        num_layers=4,
        attention=GQAConfig(num_heads=4, num_kv_heads=2, head_dim=32),
        nope_layers=(3,),
        tie_embeddings=True,
    ),
    "tiny-olmo2": _tiny(
        "olmo2",
        attention=GQAConfig(num_heads=4, num_kv_heads=2, head_dim=32, qk_norm=True, qk_norm_span="projection"),
        rope=RopeConfig(theta=500_000),
        norm_placement="post",
    ),
    "tiny-phi3": _tiny(
        "phi3",
        attention=GQAConfig(num_heads=4, num_kv_heads=2, head_dim=32, rotary_dim=24),
        rope=RopeConfig(scaling=_tiny_longrope()),
        window=SlidingWindow(size=10, layers=(0, 1)),
    ),
}

DENSE_PRESETS: dict[str, ModelConfig] = {
    "gemma-2-2b": _gemma2(2304, 26, 8, 4, 9216),
    "gemma-2-9b": _gemma2(3584, 42, 16, 8, 14_336),
    "gemma-2-27b": _gemma2(4608, 46, 32, 16, 36_864, 128, query_pre_attn_scalar=144),
    "gemma-3-1b": _gemma3(
        1152, 26, 4, 1, 6912, window=512, vocab_size=262_144, max_position=32_768, rope=RopeConfig(theta=1e6)
    ),
    "gemma-3-4b": _gemma3(2560, 34, 8, 4, 10_240, window=1024),
    "gemma-3-12b": _gemma3(3840, 48, 16, 8, 15_360, window=1024),
    "gemma-3-27b": _gemma3(5376, 62, 32, 16, 21_504, 128, window=1024, query_pre_attn_scalar=168),
    "glm-4-9b": _glm4(4096, 40, 32, 2, 13_696, bias=True),
    "glm-4-32b": _glm4(6144, 61, 48, 8, 23_040, bias=False),
    "mistral-7b-v0.1": _mistral(4096, 32, 32, 14_336, vocab=32_000, theta=1e4, context=32_768, window=4096),
    "mistral-7b-v0.3": _mistral(4096, 32, 32, 14_336, vocab=32_768, theta=1e6, context=32_768),
    "mistral-nemo-12b": _mistral(5120, 40, 32, 14_336, vocab=131_072, theta=1e6, context=131_072),
    "smollm3-3b": _SMOLLM3,
    "olmo-2-1b": _olmo2(2048, 16, 16, 16, 8192),
    "olmo-2-7b": _olmo2(4096, 32, 32, 32, 11_008),
    "olmo-2-13b": _olmo2(5120, 40, 40, 40, 13_824),
    "phi-3-mini-4k": _phi(
        3072,
        32,
        32,
        32,
        8192,
        vocab_size=32_064,
        max_position=4096,
        window=SlidingWindow(size=2047, layers=tuple(range(32))),
    ),
    "phi-4": _phi(5120, 40, 40, 10, 17_920, vocab_size=100_352, max_position=16_384, rope=RopeConfig(theta=250_000)),
    **_TINY,
}
