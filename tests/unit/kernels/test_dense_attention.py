from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor
from torch.profiler import ProfilerActivity, profile

from fathom.kernels.attention import additive, dense_attention

SHAPES = {  # query heads, key heads, key channels, value channels, queries, keys
    "gqa": (4, 2, 32, 32, 9, 9),
    "mla naive": (4, 4, 48, 32, 9, 9),
    "value wider than key": (4, 4, 32, 48, 9, 9),
    "one key head": (4, 1, 96, 64, 9, 9),
    "decode": (4, 2, 32, 32, 1, 17),
}


def tensors(shape: tuple[int, ...]) -> tuple[Tensor, Tensor, Tensor]:
    heads, kv_heads, key_dim, value_dim, queries, keys = shape
    generator = torch.Generator().manual_seed(0)
    return (
        torch.randn(2, queries, heads, key_dim, generator=generator),
        torch.randn(2, keys, kv_heads, key_dim, generator=generator),
        torch.randn(2, keys, kv_heads, value_dim, generator=generator),
    )


def by_definition(q: Tensor, k: Tensor, v: Tensor, scale: float, visible: Tensor) -> Tensor:
    repeats = q.shape[2] // k.shape[2]
    k, v = k.repeat_interleave(repeats, 2), v.repeat_interleave(repeats, 2)
    scores = torch.einsum("bthd,bshd->bhts", q, k) * scale
    return torch.einsum("bhts,bshd->bthd", scores.masked_fill(~visible, -math.inf).softmax(-1), v)


@pytest.mark.parametrize("name", SHAPES)
def test_equals_the_definition(name: str) -> None:
    q, k, v = tensors(SHAPES[name])
    queries, keys = q.shape[1], k.shape[1]
    visible = torch.ones(queries, keys, dtype=torch.bool).tril(keys - queries)
    expected = by_definition(q, k, v, 0.3, visible)
    out = dense_attention(q, k, v, 0.3, causal=False, mask=additive(visible, q.dtype))
    torch.testing.assert_close(out, expected)
    if queries == keys:
        torch.testing.assert_close(dense_attention(q, k, v, 0.3, causal=True), expected)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("name", SHAPES)
def test_stays_on_the_fused_path(name: str, dtype: torch.dtype) -> None:
    q, k, v = (tensor.to(dtype).requires_grad_() for tensor in tensors(SHAPES[name]))
    mask = additive(torch.ones(q.shape[1], k.shape[1], dtype=torch.bool), dtype)
    with profile(activities=[ProfilerActivity.CPU]) as profiled:
        dense_attention(q, k, v, 0.3, causal=False, mask=mask)
    kernels = {event.key for event in profiled.key_averages() if event.key.startswith("aten::_scaled")}
    assert kernels == {"aten::_scaled_dot_product_flash_attention_for_cpu"}


def test_additive_mask() -> None:
    mask = additive(torch.tensor([[True, False]]), torch.bfloat16)
    assert mask.dtype == torch.bfloat16
    assert mask.tolist() == [[0.0, -math.inf]]
