"""One door to every kernel: each call goes to the fastest implementation that can serve it, else to the reference.

The C++ kernels serve float32 and bfloat16 on the CPU where no gradient is asked for; ``FATHOM_KERNELS=ref`` switches
them off. Callers never need to know which path they got.

    N tokens at hand · D hidden width · H, G query and key/value heads · C channels of a head
    P pages · S tokens a page · B sequences · M pages a sequence may own · Dk, Dv key and value channels
"""

from __future__ import annotations

import ctypes

import torch
from torch import Tensor

from fathom.kernels import ref
from fathom.kernels.cpu import ops
from fathom.kernels.cpu.library import library
from fathom.kernels.layer import LayerWeights
from fathom.kernels.matrix import Matrix

_SERVED = (torch.float32, torch.bfloat16)


def _fast(*tensors: Tensor) -> ctypes.CDLL | None:
    """The library, where it can take these floating-point tensors."""
    for tensor in tensors:
        if tensor.dtype not in _SERVED or tensor.device.type != "cpu":
            return None
    if torch.is_grad_enabled() and any(tensor.requires_grad for tensor in tensors):
        return None
    return library()


def linear(x: Tensor, matrix: Matrix) -> Tensor:
    """x Wᵀ + bias: (…, columns) → (…, rows) in x's type. A row's float32 result does not depend on the other rows."""
    lib = _fast(x)
    if lib is None or matrix.data.device.type != "cpu":
        return ref.linear(x, matrix)
    return ops.linear(lib, x, matrix)


def embedding(tokens: Tensor, matrix: Matrix, dtype: torch.dtype) -> Tensor:
    """Rows ``tokens`` (…) int64 of the matrix → (…, columns) of ``dtype``. Raises IndexError beyond the last row."""
    lib = library() if dtype in _SERVED and tokens.device.type == "cpu" else None
    if lib is None:
        return ref.embedding(tokens, matrix, dtype)
    return ops.embedding(lib, tokens.long(), matrix, dtype)


def paged_attention(
    q: Tensor,  # (N, H, Dk)
    k_pages: Tensor,  # (P, S, G, Dk)
    v_pages: Tensor | None,  # (P, S, G, Dv)
    block_tables: Tensor,  # (B, M) int32
    query_starts: Tensor,  # (B + 1) int32
    context_lengths: Tensor,  # (B) int32
    scale: float,
    value_dim: int,
    threads: int | None = None,
) -> Tensor:
    """Causal attention of a ragged batch over a paged cache → (N, H, value_dim): see ``ref.paged_attention``.
    ``threads`` None: as many as torch has.

    Tables and lengths are trusted: an entry that names no page reads memory that is not the cache's.
    """
    lib = _fast(q, k_pages) if v_pages is None else _fast(q, k_pages, v_pages)
    call = ops.Attention(q, k_pages, v_pages, block_tables, query_starts, context_lengths, scale, value_dim)
    if lib is None or not ops.can_attend(call):
        return ref.paged_attention(q, k_pages, v_pages, block_tables, query_starts, context_lengths, scale, value_dim)
    return ops.paged_attention(lib, call, threads or torch.get_num_threads())


class Layer:
    """A dense layer's weights behind two calls: everything before attention, everything after it."""

    def __init__(self, weights: LayerWeights) -> None:
        self.weights = weights
        self._struct = ops.layer_struct(weights)

    def before_attention(self, x: Tensor, cos: Tensor, sin: Tensor, interleaved: bool) -> tuple[Tensor, Tensor, Tensor]:
        """x (N, D), cos and sin (N, C) float32 → q (N, H, C), k (N, G, C), v (N, G, C)."""
        lib = _fast(x)
        if lib is None:
            return ref.before_attention(self.weights, x, cos, sin, interleaved)
        return ops.before_attention(lib, self._struct, x.contiguous(), cos.contiguous(), sin.contiguous(), interleaved)

    def after_attention(self, attended: Tensor, x: Tensor) -> Tensor:
        """attended (N, H·C), residual x (N, D) → (N, D)."""
        lib = _fast(attended, x)
        if lib is None or attended.dtype != x.dtype:
            return ref.after_attention(self.weights, attended, x)
        return ops.after_attention(lib, self._struct, attended.contiguous(), x.contiguous())
