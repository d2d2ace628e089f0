"""One door to every kernel: each call goes to the fastest implementation that can serve it, else to the reference."""

from __future__ import annotations

from torch import Tensor

from fathom.kernels import ref


def paged_attention(
    q: Tensor,  # (N, H, Dk)
    k_pages: Tensor,  # (P, S, G, Dk)
    v_pages: Tensor | None,  # (P, S, G, Dv)
    block_tables: Tensor,  # (B, M) int32
    query_starts: Tensor,  # (B + 1) int32
    context_lengths: Tensor,  # (B) int32
    scale: float,
    value_dim: int,
) -> Tensor:
    """Causal attention of a ragged batch over a paged cache → (N, H, value_dim): see ``ref.paged_attention``."""
    return ref.paged_attention(q, k_pages, v_pages, block_tables, query_starts, context_lengths, scale, value_dim)
