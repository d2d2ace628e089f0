"""The paged key/value cache, and attention over it in one ragged step.

Every layer stores ``(pages, page_size, heads, channels)``; for absorbed MLA that is one head that holds the latent, and
no second tensor, since the value lies inside the key. A step carries all tokens of all sequences in one row, decodes
first: these go through the paged kernel in one call; each prefill chunk runs alone through fused attention, because a
chunk is large enough to fill a machine and the kernel would gain nothing. What is the same for all layers is computed
once per step, here.

    T tokens of the step · H query heads · G key/value heads · P pages · S page size · M pages of the longest sequence
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from fathom.kernels import dispatch
from fathom.model.context import CacheSpec
from fathom.model.sdpa import attention

_ALIGNMENT = 64
"""Bytes: a cache line, as torch's own allocations."""


class PagedCache:
    """Pages of every layer. They start as zeros: no mask hides a NaN, so no slot may hold one."""

    def __init__(
        self, specs: list[CacheSpec], *, num_pages: int, page_size: int, dtype: torch.dtype, device: torch.device
    ) -> None:
        def pages(heads: int, channels: int) -> Tensor:
            return _zeros((num_pages, page_size, heads, channels), dtype, device)

        self.num_pages = num_pages
        self.page_size = page_size
        self.keys = [pages(spec.num_kv_heads, spec.key_dim) for spec in specs]
        self.values = [None if spec.value_in_key else pages(spec.num_kv_heads, spec.value_dim) for spec in specs]
        self._key_slots = [keys.flatten(0, 1) for keys in self.keys]  # views (P·S, G, Dk)
        self._value_slots = [None if values is None else values.flatten(0, 1) for values in self.values]

    def store(self, layer: int, slots: Tensor, k: Tensor, v: Tensor) -> None:
        """Write k (T, G, Dk) and v (T, G, Dv) into ``slots`` (T), counted through all pages."""
        keys, values = self._key_slots[layer], self._value_slots[layer]
        keys.index_copy_(0, slots, k.to(keys.dtype))
        if values is not None:
            values.index_copy_(0, slots, v.to(values.dtype))

    def clear(self, pages: list[int]) -> None:
        """Make pages that may hold NaN harmless."""
        for tensor in (*self.keys, *self.values):
            if tensor is not None:
                tensor[pages] = 0


def _zeros(shape: tuple[int, ...], dtype: torch.dtype, device: torch.device) -> Tensor:
    """Zeros; on the CPU from untouched memory, so that pages cost nothing until they are used (torch.zeros writes)."""
    if device.type != "cpu":
        return torch.zeros(shape, dtype=dtype, device=device)
    size = math.prod(shape) * dtype.itemsize
    memory = np.zeros(size + _ALIGNMENT, dtype=np.uint8)
    start = -memory.ctypes.data % _ALIGNMENT
    return torch.from_numpy(memory[start : start + size]).view(dtype).view(shape)


@dataclass(frozen=True, slots=True)
class Chunk:
    """Tokens ``start : stop`` of the step are the newest of a sequence of ``length`` tokens."""

    start: int
    stop: int
    length: int
    pages: Tensor  # (M) int64
    mask: Tensor | None  # (stop - start, length), to add to scores; None: nothing came before, so plain causal


class PagedContext:
    """An ``AttentionContext`` for one step: stores keys and values in their slots, then attends over the pages."""

    absorbed = True

    def __init__(
        self,
        cache: PagedCache,
        *,
        slots: Tensor,  # (T) int64: page · page_size + offset
        tables: Tensor,  # (decodes, M) int32
        lengths: Tensor,  # (decodes) int32
        starts: Tensor,  # (decodes + 1) int32: 0, 1, 2 … since each has one token
        chunks: list[Chunk],
    ) -> None:
        self._cache = cache
        self._slots = slots
        self._tables = tables
        self._lengths = lengths
        self._chunks = chunks
        self._decodes = len(lengths)
        self._starts = starts

    def attend(self, layer: int, q: Tensor, k: Tensor, v: Tensor, scale: float) -> Tensor:
        """q (1, T, H, Dk), k (1, T, G, Dk), v (1, T, G, Dv) → (1, T, H, Dv)."""
        k_pages, v_pages = self._cache.keys[layer], self._cache.values[layer]
        self._cache.store(layer, self._slots, k[0], v[0])
        parts = []
        if self._decodes:
            rows = q[0, : self._decodes]
            parts.append(
                dispatch.paged_attention(
                    rows, k_pages, v_pages, self._tables, self._starts, self._lengths, scale, v.shape[-1]
                )
            )
        for chunk in self._chunks:
            parts.append(_attend_chunk(chunk, q, k, v, k_pages=k_pages, v_pages=v_pages, scale=scale))
        return (parts[0] if len(parts) == 1 else torch.cat(parts))[None]


def _attend_chunk(
    chunk: Chunk, q: Tensor, k: Tensor, v: Tensor, *, k_pages: Tensor, v_pages: Tensor | None, scale: float
) -> Tensor:
    """(stop - start, H, Dv) of one prefill chunk."""
    rows = slice(chunk.start, chunk.stop)
    if chunk.mask is None:
        keys, values = k[:, rows], v[:, rows]
    else:
        keys = k_pages[chunk.pages].flatten(0, 1)[None, : chunk.length].to(q.dtype)  # (1, L, G, Dk)
        values = keys if v_pages is None else v_pages[chunk.pages].flatten(0, 1)[None, : chunk.length].to(q.dtype)
    if v_pages is None:
        values = keys  # equal widths keep fused attention on its fast path; the surplus channels are cut off below
    out = attention(q[:, rows], keys, values, scale, causal=chunk.mask is None, mask=chunk.mask)
    return out[0, ..., : v.shape[-1]]
