"""The references of attention: the paged one against torch's own on unpaged tensors, dense ones by definition."""

from __future__ import annotations

import math

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor
from torch.profiler import ProfilerActivity, profile

from fathom.kernels.attention import VisibleSpans, additive, causal_attention, dense_attention, paged_attention


def paged(tensor: torch.Tensor, page_size: int, order: list[int]) -> torch.Tensor:
    """Lay (L, G, D) out in pages; the i-th page of the sequence becomes page order[i], all else is NaN."""
    pages = torch.full((max(order) + 1, page_size, *tensor.shape[1:]), float("nan"), dtype=tensor.dtype)
    for position in range(tensor.shape[0]):
        pages[order[position // page_size], position % page_size] = tensor[position]
    return pages


@pytest.mark.parametrize(("length", "count"), [(1, 1), (7, 1), (8, 8), (13, 5), (16, 1)])
def test_paged_attention_equals_sdpa_on_unpaged_tensors(length, count):
    torch.manual_seed(0)
    heads, groups, dim, page_size = 6, 2, 5, 4
    k, v = torch.randn(length, groups, dim), torch.randn(length, groups, dim)
    q = torch.randn(count, heads, dim)
    order = [5, 1, 3, 0, 2][: -(-length // page_size)]

    result = paged_attention.reference(
        q,
        paged(k, page_size, order),
        paged(v, page_size, order),
        torch.tensor([order], dtype=torch.int32),
        torch.tensor([0, count], dtype=torch.int32),
        torch.tensor([length], dtype=torch.int32),
        0.3,
        dim,
    )

    visible = torch.arange(length) <= torch.arange(length - count, length)[:, None]
    expected = F.scaled_dot_product_attention(
        q.transpose(0, 1), k.transpose(0, 1), v.transpose(0, 1), attn_mask=visible, scale=0.3, enable_gqa=True
    )
    torch.testing.assert_close(result, expected.transpose(0, 1), atol=1e-5, rtol=1e-5)


def test_value_in_key_reads_the_leading_channels_of_the_key():
    torch.manual_seed(0)
    q, k = torch.randn(3, 4, 10), torch.randn(2, 4, 1, 10)
    tables = torch.tensor([[1, 0]], dtype=torch.int32)
    rows, lengths = torch.tensor([0, 3], dtype=torch.int32), torch.tensor([6], dtype=torch.int32)

    latent = paged_attention.reference(q, k, None, tables, rows, lengths, 0.5, 7)
    apart = paged_attention.reference(q, k, k[..., :7].contiguous(), tables, rows, lengths, 0.5, 7)

    assert latent.shape == (3, 4, 7)
    torch.testing.assert_close(latent, apart)


def test_rows_of_no_sequence_are_zero():
    q, k = torch.randn(4, 2, 8), torch.randn(1, 4, 2, 8)
    out = paged_attention.reference(
        q,
        k,
        k,
        torch.zeros(2, 1, dtype=torch.int32),
        torch.tensor([0, 0, 1], dtype=torch.int32),
        torch.tensor([0, 3], dtype=torch.int32),
        1.0,
        8,
    )
    assert out[1:].eq(0).all()
    assert out[0].ne(0).all()


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


def test_spans_hide_what_came_before_their_first_token() -> None:
    q, k, v = tensors((4, 2, 32, 32, 9, 9))
    first = torch.tensor([[0, 0, 0, 3, 3, 3, 3, 3, 8], [0] * 9], dtype=torch.int32)
    out = causal_attention.reference(q, k, v, 0.3, VisibleSpans(first))
    parts = [slice(0, 3), slice(3, 8), slice(8, 9)]
    alone = [causal_attention.reference(q[:1, part], k[:1, part], v[:1, part], 0.3) for part in parts]
    torch.testing.assert_close(out[:1], torch.cat(alone, 1))
    torch.testing.assert_close(out[1:], dense_attention(q[1:], k[1:], v[1:], 0.3, causal=True))


def test_a_mask_of_spans_is_built_once() -> None:
    spans = VisibleSpans(torch.zeros(1, 4, dtype=torch.int32))
    assert spans.mask(torch.float32) is spans.mask(torch.float32)
    assert spans.mask(torch.bfloat16).dtype == torch.bfloat16
    assert spans.mask(torch.float32)[0, 0].isneginf().sum() == 6


@pytest.mark.parametrize("count", [1, 5, 13])
@pytest.mark.parametrize(("window", "softcap"), [(1, None), (4, None), (None, 0.7), (6, 0.7), (50, None)])
def test_paged_attention_within_a_window_and_of_capped_scores(
    count: int, window: int | None, softcap: float | None
) -> None:
    torch.manual_seed(0)
    length, order = 13, [5, 1, 3, 0]
    q, k, v = torch.randn(count, 6, 5), torch.randn(length, 2, 5), torch.randn(length, 2, 5)
    index = [torch.tensor(part, dtype=torch.int32) for part in ([order], [0, count], [length])]
    result = paged_attention.reference(
        q, paged(k, 4, order), paged(v, 4, order), *index, 0.3, 5, window=window, softcap=softcap
    )
    queries, keys = torch.arange(length - count, length)[:, None], torch.arange(length)
    visible = (keys <= queries) & (keys > queries - (window or length))
    k, v = k.repeat_interleave(3, 1), v.repeat_interleave(3, 1)
    scores = torch.einsum("chd,lhd->hcl", q, k) * 0.3
    scores = scores if softcap is None else softcap * torch.tanh(scores / softcap)
    expected = torch.einsum("hcl,lhd->chd", scores.masked_fill(~visible, -math.inf).softmax(-1), v)
    torch.testing.assert_close(result, expected, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("masked", [False, True])
def test_capped_scores_are_those_of_the_definition(masked: bool) -> None:
    q, k, v = tensors(SHAPES["gqa"])
    visible = torch.ones(9, 9, dtype=torch.bool).tril()
    mask = additive(visible, q.dtype) if masked else None
    out = dense_attention(q, k, v, 2.0, causal=not masked, mask=mask, softcap=1.5)
    k, v = k.repeat_interleave(2, 2), v.repeat_interleave(2, 2)
    scores = 1.5 * torch.tanh(torch.einsum("bthd,bshd->bhts", q, k) * 2.0 / 1.5)
    expected = torch.einsum("bhts,bshd->bthd", scores.masked_fill(~visible, -math.inf).softmax(-1), v)
    torch.testing.assert_close(out, expected)
    assert causal_attention.select(q, k, v, 2.0, None, 1.5) is None
