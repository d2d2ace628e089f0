"""The specification itself, against torch's own attention on unpaged tensors."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from fathom.kernels.attention import paged_attention


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
