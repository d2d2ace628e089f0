"""The paged key/value cache, and attention over it in one ragged step.

Every layer stores ``(pages, page_size, heads, channels)``; for absorbed MLA that is one head that holds the latent, and
no second tensor, since the value is part of the key. A step computes all tokens of all sequences in one row, and one
call of the paged kernel serves decodes and prefill chunks alike: results do not depend on how a prompt was chunked.
What is the same for all layers is computed once per step.

    T tokens of the step · B sequences in it · H query heads · G key/value heads
    P pages · S page size · M pages of the longest sequence
"""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

from fathom.kernels.attention import paged_attention
from fathom.model.context import CacheSpec

_ALIGNMENT = 64
"""Bytes: a cache line, as torch's own allocations."""


class PagedCache:
    """Pages of every layer, zero at first: masks do not hide a NaN, so no slot may hold one.

    ``threads`` of the attention kernel; None: as many as torch has.
    """

    def __init__(
        self,
        specs: list[CacheSpec],
        *,
        num_pages: int,
        page_size: int,
        dtype: torch.dtype,
        device: torch.device,
        threads: int | None = None,
    ) -> None:
        def pages(heads: int, channels: int) -> Tensor:
            return _zeros((num_pages, page_size, heads, channels), dtype, device)

        self.num_pages = num_pages
        self.page_size = page_size
        self.threads = threads
        self.keys = [pages(spec.num_kv_heads, spec.key_dim) for spec in specs]
        self.values = [None if spec.value_in_key else pages(spec.num_kv_heads, spec.value_dim) for spec in specs]
        self._key_slots = [_rows(keys) for keys in self.keys]
        self._value_slots = [None if values is None else _rows(values) for values in self.values]

    def store(self, layer: int, slots: Tensor, k: Tensor, v: Tensor) -> None:
        """Write k (T, G, Dk) and v (T, G, Dv) into ``slots`` (T), counted through all pages."""
        keys, values = self._key_slots[layer], self._value_slots[layer]
        keys.index_copy_(0, slots, k.flatten(1).to(keys.dtype))
        if values is not None:
            values.index_copy_(0, slots, v.flatten(1).to(values.dtype))

    def clear(self, pages: list[int]) -> None:
        """Zero pages that may hold NaN."""
        for tensor in (*self.keys, *self.values):
            if tensor is not None:
                tensor[pages] = 0


def _rows(pages: Tensor) -> Tensor:
    """A view (P·S, G·C): torch copies rows of a matrix at once, those of higher tensors element by element."""
    return pages.flatten(2).flatten(0, 1)


def _zeros(shape: tuple[int, ...], dtype: torch.dtype, device: torch.device) -> Tensor:
    """Zeros; on the CPU from calloc, so that pages use no memory until they are written (torch.zeros writes)."""
    if device.type != "cpu":
        return torch.zeros(shape, dtype=dtype, device=device)
    size = math.prod(shape) * dtype.itemsize
    memory = np.zeros(size + _ALIGNMENT, dtype=np.uint8)
    start = -memory.ctypes.data % _ALIGNMENT
    return torch.from_numpy(memory[start : start + size]).view(dtype).view(shape)


class PagedContext:
    """An ``AttentionContext`` for one step: stores keys and values in their slots, then attends over the pages."""

    absorbed = True

    def __init__(
        self,
        cache: PagedCache,
        *,
        slots: Tensor,  # (T) int64: page · page_size + offset
        tables: Tensor,  # (B, M) int32: the pages of each sequence
        starts: Tensor,  # (B + 1) int32: where its tokens begin in the step
        lengths: Tensor,  # (B) int32: its tokens up to and including those of the step
        totals: Tensor | None = None,  # (1, T): all tokens that its sequence has; only where a model asks for it
    ) -> None:
        self._cache = cache
        self.slots = slots
        self._tables = tables
        self._starts = starts
        self._lengths = lengths
        self._totals = totals

    def lengths(self, positions: Tensor) -> Tensor:  # noqa: ARG002 - a sequence may have tokens beyond this step
        assert self._totals is not None, "built without them"
        return self._totals

    def attend(
        self,
        layer: int,
        q: Tensor,
        k: Tensor,
        v: Tensor,
        scale: float,
        *,
        window: int | None = None,
        softcap: float | None = None,
    ) -> Tensor:
        """q (1, T, H, Dk), k (1, T, G, Dk), v (1, T, G, Dv) → (1, T, H, Dv)."""
        self._cache.store(layer, self.slots, k[0], v[0])
        keys, values = self._cache.keys[layer], self._cache.values[layer]
        return paged_attention(
            q[0],
            keys,
            values,
            self._tables,
            self._starts,
            self._lengths,
            scale,
            v.shape[-1],
            threads=self._cache.threads,
            window=window,
            softcap=softcap,
        )[None]
