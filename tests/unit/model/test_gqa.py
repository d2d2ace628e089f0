from __future__ import annotations

import math

import pytest
import torch

from fathom.model.causal import CausalContext
from fathom.model.config import GQAConfig, ModelConfig
from fathom.model.context import CacheSpec
from fathom.model.gqa import GQAttention
from fathom.model.presets import PRESETS
from fathom.model.rope import Rope


def build(name: str) -> tuple[GQAttention, ModelConfig]:
    config = PRESETS[name]
    assert isinstance(config.attention, GQAConfig)
    torch.manual_seed(0)
    attention = GQAttention(config, config.attention, layer=0)
    with torch.no_grad():
        for parameter in attention.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    return attention, config


@pytest.mark.parametrize("name", ["tiny-llama", "tiny-qwen2", "tiny-qwen3"])
def test_equals_heads_one_by_one(name: str) -> None:
    """Each query head attends on its own, and heads 0-1 and 2-3 share a key head."""
    attention, config = build(name)
    rotation = Rope(config.rope, config.attention.rope_dim).rotation(torch.arange(5)[None])
    x = torch.randn(1, 5, 128)
    heads = [_head(attention, x, rotation, head) for head in range(4)]
    expected = attention.o_proj(torch.cat(heads, -1))
    torch.testing.assert_close(attention(x, rotation, CausalContext()), expected, atol=1e-4, rtol=1e-4)


def _head(attention: GQAttention, x: torch.Tensor, rotation: object, head: int) -> torch.Tensor:
    size = attention.head_dim
    q = attention.q_proj(x)[..., head * size : (head + 1) * size]
    k, v = (proj(x)[..., head // 2 * size : (head // 2 + 1) * size] for proj in (attention.k_proj, attention.v_proj))
    if attention.q_norm is not None and attention.k_norm is not None:
        q, k = attention.q_norm(q), attention.k_norm(k)
    q, k = (rotation.apply(part[:, :, None])[:, :, 0] for part in (q, k))  # type: ignore[attr-defined]
    scores = (q @ k.transpose(1, 2)) / math.sqrt(size)
    return scores.masked_fill(~torch.ones(5, 5, dtype=torch.bool).tril(), -math.inf).softmax(-1) @ v


def test_cache_spec() -> None:
    attention, _ = build("tiny-qwen3")
    assert attention.cache_spec(absorbed=True) == attention.cache_spec(absorbed=False) == CacheSpec(2, 64, 64)
    assert attention.cache_spec(absorbed=True).entries_per_token == 256
