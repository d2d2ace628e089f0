"""The specification of every kernel, in plain torch: slow, obvious, and what the fast paths are compared with.

Each function does its arithmetic in float32 (float64 for float64 inputs) whatever the inputs are stored as, and rounds
once, at the end. Fast paths may order their sums differently; they may not round more often than the storage type of
their result forces them to.

    N tokens at hand (all sequences, one after the other) · B sequences · H query heads · G key/value heads
    P pages · S tokens a page · M pages a sequence may own · Dk, Dv key and value channels
    D hidden width · C channels of a head
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from fathom.kernels.layer import LayerWeights
from fathom.kernels.matrix import Matrix


def wide(dtype: torch.dtype) -> torch.dtype:
    """The type that arithmetic on ``dtype`` is done in."""
    return torch.float64 if dtype == torch.float64 else torch.float32


def paged_attention(
    q: Tensor,  # (N, H, Dk)
    k_pages: Tensor,  # (P, S, G, Dk)
    v_pages: Tensor | None,  # (P, S, G, Dv); None: the value is the first value_dim channels of the key
    block_tables: Tensor,  # (B, M) int32
    query_starts: Tensor,  # (B + 1) int32
    context_lengths: Tensor,  # (B) int32
    scale: float,
    value_dim: int,
) -> Tensor:
    """Causal attention of a ragged batch over a paged cache: prefill chunks beside single decoded tokens.

    Rows ``query_starts[b] : query_starts[b + 1]`` are the newest tokens of sequence ``b``, whose keys and values (the
    new ones included) lie in the pages ``block_tables[b]`` in order; the last of them stands at position
    ``context_lengths[b] - 1``. Returns (N, H, value_dim) in q's type; rows that belong to no sequence are zero.
    Source: PagedAttention (arXiv 2309.06180); ``value_in_key`` is DeepSeek-V2's absorbed MLA (arXiv 2405.04434, 2.1.2).
    """
    num_heads, page_size, num_kv_heads = q.shape[1], k_pages.shape[1], k_pages.shape[2]
    compute = wide(q.dtype)
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
        scores = torch.einsum("cghd,lgd->cghl", queries, keys) * scale
        position = torch.arange(length - count, length, device=q.device)  # (C)
        hidden = torch.arange(length, device=q.device) > position[:, None]  # (C, L): keys in the future of a query
        weights = scores.masked_fill(hidden[:, None, None, :], float("-inf")).softmax(-1)
        out[rows] = torch.einsum("cghl,lgd->cghd", weights, values).flatten(1, 2).to(q.dtype)
    return out


def linear(x: Tensor, matrix: Matrix) -> Tensor:
    """x Wᵀ + bias: (…, columns) → (…, rows) in x's type."""
    compute = wide(x.dtype)
    bias = None if matrix.bias is None else matrix.bias.to(compute)
    return F.linear(x.to(compute), matrix.dense(compute), bias).to(x.dtype)


def embedding(tokens: Tensor, matrix: Matrix, dtype: torch.dtype) -> Tensor:
    """Rows ``tokens`` (…) of the matrix → (…, columns)."""
    return matrix.dense()[tokens].to(dtype)


def rms_norm(x: Tensor, weight: Tensor, eps: float) -> Tensor:
    """x / rms(x) · weight over the last dimension (arXiv 1910.07467), in x's type."""
    compute = wide(x.dtype)
    wide_x = x.to(compute)
    return (wide_x * (wide_x.square().mean(-1, keepdim=True) + eps).rsqrt() * weight.to(compute)).to(x.dtype)


def rotate(x: Tensor, cos: Tensor, sin: Tensor, interleaved: bool) -> Tensor:
    """x · cos + partner(x) · sin, sin carrying the partner's sign: x (N, H, C), cos and sin (N, C) float32."""
    half = x.shape[-1] // 2
    partner = x.unflatten(-1, (half, 2)).flip(-1).flatten(-2) if interleaved else x.roll(half, -1)
    return x * cos[:, None] + partner * sin[:, None]


def before_attention(
    layer: LayerWeights, x: Tensor, cos: Tensor, sin: Tensor, interleaved: bool
) -> tuple[Tensor, Tensor, Tensor]:
    """What stands before attention in a layer: x (N, D) → q (N, H, C), k (N, G, C), v (N, G, C)."""
    normed = rms_norm(x.to(wide(x.dtype)), layer.attention_norm, layer.norm_eps)
    heads = linear(normed, layer.qkv).unflatten(-1, (-1, layer.head_dim))  # (N, H + 2G, C)
    q, k, v = heads.split([layer.heads, layer.kv_heads, layer.kv_heads], 1)
    if layer.q_norm is not None and layer.k_norm is not None:
        q, k = rms_norm(q, layer.q_norm, layer.head_norm_eps), rms_norm(k, layer.k_norm, layer.head_norm_eps)
    q, k = rotate(q, cos, sin, interleaved), rotate(k, cos, sin, interleaved)
    return q.to(x.dtype), k.to(x.dtype), v.to(x.dtype)


def after_attention(layer: LayerWeights, attended: Tensor, x: Tensor) -> Tensor:
    """What stands after attention in a layer: attended (N, H·C) and the residual x (N, D) → (N, D)."""
    compute = wide(x.dtype)
    residual = x.to(compute) + linear(attended.to(compute), layer.out)
    gate, up = linear(rms_norm(residual, layer.mlp_norm, layer.norm_eps), layer.gate_up).chunk(2, -1)
    return (residual + linear(F.silu(gate) * up, layer.down)).to(x.dtype)
