"""Attention: over a paged cache, causal over the tokens at hand, and dense over any keys with a mask.

B sequences or rows · T queries · S keys · H, G query and key/value heads · Dk, Dv key and value channels
N tokens of all sequences, one after the other · P pages · S tokens a page · M pages a sequence may own
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from fathom.kernels.registry import operation, wide_dtype


@operation()
def paged_attention(
    q: Tensor,  # (N, H, Dk)
    k_pages: Tensor,  # (P, S, G, Dk)
    v_pages: Tensor | None,  # (P, S, G, Dv); None: the value is the first value_dim channels of the key
    block_tables: Tensor,  # (B, M) int32
    query_starts: Tensor,  # (B + 1) int32
    context_lengths: Tensor,  # (B) int32
    scale: float,
    value_dim: int,
    threads: int | None = None,
    window: int | None = None,
    softcap: float | None = None,
) -> Tensor:
    """Causal attention of a ragged batch over a paged cache: prefill chunks beside single decoded tokens.

    Rows ``query_starts[b] : query_starts[b + 1]`` are the newest tokens of sequence ``b``, whose keys and values (the
    new ones included) lie in the pages ``block_tables[b]`` in order; the position of the last of them is
    ``context_lengths[b] - 1``. Returns (N, H, value_dim) in q's type; rows that belong to no sequence are zero.
    ``window`` w: a token sees itself and the w - 1 before it; None: all. ``softcap``: see :func:`apply_softcap`.
    ``threads`` None: as many as torch has. Tables and lengths are trusted: an entry that names no page reads memory
    outside the cache.

    Source: PagedAttention (arXiv 2309.06180); ``v_pages`` None is DeepSeek-V2's absorbed MLA (arXiv 2405.04434, 2.1.2).
    """
    num_heads, page_size, num_kv_heads = q.shape[1], k_pages.shape[1], k_pages.shape[2]
    compute = wide_dtype(q.dtype)
    out = q.new_zeros(q.shape[0], num_heads, value_dim)
    starts, lengths = query_starts.tolist(), context_lengths.tolist()
    for b, length in enumerate(lengths):
        rows = slice(starts[b], starts[b + 1])
        count = rows.stop - rows.start
        if count == 0:
            continue
        pages = block_tables[b, : -(-length // page_size)].long()
        keys = k_pages[pages].flatten(0, 1)[:length].to(compute)  # (L, G, Dk)
        values = keys[..., :value_dim] if v_pages is None else v_pages[pages].flatten(0, 1)[:length].to(compute)
        queries = q[rows].to(compute).reshape(count, num_kv_heads, num_heads // num_kv_heads, -1)  # (C, G, H/G, Dk)
        scores = apply_softcap(torch.einsum("cghd,lgd->cghl", queries, keys) * scale, softcap)
        position = torch.arange(length - count, length, device=q.device)[:, None]  # (C, 1)
        place = torch.arange(length, device=q.device)
        hidden = place > position  # (C, L): keys in the future of a query
        if window is not None:
            hidden |= place <= position - window
        weights = scores.masked_fill(hidden[:, None, None, :], float("-inf")).softmax(-1)
        out[rows] = torch.einsum("cghl,lgd->cghd", weights, values).flatten(1, 2).to(q.dtype)
    return out


class VisibleSpans:
    """Which keys queries see where these are an interval: query t of a row sees keys ``first[t]`` … t.

    ``first`` (B, T) int32 never decreases along a row and never exceeds t. ``padding_only``: all that spans hide is
    padding, whose results are discarded, so that an implementation may attend causally to all.
    """

    def __init__(self, first: Tensor, *, padding_only: bool = False) -> None:
        self.first = first
        self.padding_only = padding_only
        self._mask: Tensor | None = None
        self._windows: dict[int, VisibleSpans] = {}

    def within(self, window: int | None) -> VisibleSpans:
        """The spans of which a query sees the last ``window`` keys, its own included; built once for all layers."""
        length = self.first.shape[1]
        if window is None or window >= length:
            return self
        if window not in self._windows:
            begin = torch.arange(length, device=self.first.device, dtype=torch.int32) - window + 1
            self._windows[window] = VisibleSpans(torch.maximum(self.first, begin))
        return self._windows[window]

    def mask(self, dtype: torch.dtype) -> Tensor:
        """To add to scores, (B, 1, T, T); built once for all layers."""
        if self._mask is None or self._mask.dtype != dtype:
            place = torch.arange(self.first.shape[1], device=self.first.device)
            visible = (place <= place[:, None]) & (place >= self.first[:, :, None])  # (B, T, T)
            self._mask = additive(visible[:, None], dtype)
        return self._mask


@operation()
def causal_attention(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    scale: float,
    spans: VisibleSpans | None = None,
    softcap: float | None = None,
) -> Tensor:
    """softmax(scale · q kᵀ) v, heads apart, where a token sees itself and the tokens before it within ``spans``.

    q (B, T, H, Dk), k (B, T, G, Dk), v (B, T, G, Dv), H a multiple of G → (B, T, H, Dv). Differentiable, at least once.
    ``softcap``: see :func:`apply_softcap`.
    """
    if spans is None or spans.padding_only:
        return dense_attention(q, k, v, scale, causal=True, softcap=softcap)
    return dense_attention(q, k, v, scale, causal=False, mask=spans.mask(q.dtype), softcap=softcap)


def apply_softcap(scores: Tensor, cap: float | None) -> Tensor:
    """cap · tanh(scores / cap): about the scores where they are small, and never beyond ±cap (Gemma 2). None: as is."""
    return scores if cap is None else (scores / cap).tanh() * cap


def dense_attention(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    scale: float,
    *,
    causal: bool,
    mask: Tensor | None = None,
    softcap: float | None = None,
) -> Tensor:
    """softmax(scale · q kᵀ + mask) v, heads apart, on the fused path of torch's own operator where it has one: it knows
    no ``softcap``.

    q (B, T, H, Dk), k (B, S, G, Dk), v (B, S, G, Dv), mask additive, broadcastable to (B, H, T, S) → (B, T, H, Dv).
    ``causal`` lets query t see keys up to t and needs T = S.

    On the CPU the fused path wants key and value heads of one width, which those of MLA are not: the narrower is padded
    with zeros, which change no score and are cut off again. A boolean mask would be converted anew on each call:
    callers pass an additive one, built once.
    """
    if softcap is not None:
        return _attention_with_softcap(q, k, v, scale, softcap, causal=causal, mask=mask)
    key_dim, value_dim = k.shape[-1], v.shape[-1]
    if value_dim < key_dim:
        v = F.pad(v, (0, key_dim - value_dim))
    elif value_dim > key_dim:  # zeros add nothing to q · k
        q, k = F.pad(q, (0, value_dim - key_dim)), F.pad(k, (0, value_dim - key_dim))
    out = F.scaled_dot_product_attention(
        q.transpose(1, 2),
        k.transpose(1, 2),
        v.transpose(1, 2),
        attn_mask=mask,
        is_causal=causal,
        scale=scale,
        enable_gqa=q.shape[2] != k.shape[2],
    )
    return out.transpose(1, 2)[..., :value_dim]


def _attention_with_softcap(
    q: Tensor, k: Tensor, v: Tensor, scale: float, softcap: float, *, causal: bool, mask: Tensor | None
) -> Tensor:
    grouped = q.unflatten(2, (k.shape[2], -1))  # (B, T, G, H/G, Dk)
    scores = apply_softcap(torch.einsum("btghd,bsgd->bghts", grouped, k) * scale, softcap)
    if mask is not None:
        scores = scores + (mask[:, :, None] if mask.dim() == 4 else mask)  # (B, 1, 1, T, S) or (T, S)
    if causal:
        ones = torch.ones(q.shape[1], k.shape[1], dtype=torch.bool, device=q.device)
        scores = scores.masked_fill(ones.triu(1), float("-inf"))
    weights = scores.softmax(-1, dtype=wide_dtype(q.dtype)).to(q.dtype)
    return torch.einsum("bghts,bsgd->btghd", weights, v).flatten(2, 3)


def additive(visible: Tensor, dtype: torch.dtype) -> Tensor:
    """A mask to add to scores: 0 where ``visible``, minus infinity elsewhere."""
    return torch.zeros(visible.shape, dtype=dtype, device=visible.device).masked_fill_(~visible, float("-inf"))
