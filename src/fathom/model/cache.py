"""A contiguous key/value cache: the simplest attention context with a past, and the specification of the paged one.

B batch · T tokens at hand · S tokens seen · G key/value heads · Dk, Dv head channels
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from fathom.base.errors import RequestError
from fathom.kernels.attention import additive, dense_attention
from fathom.model.context import CacheSpec


class ContiguousCache:
    """Keys and values of B sequences of one length, up to ``capacity`` tokens each.

    ``specs`` must come from ``model.cache_specs(absorbed)``. Raises :class:`RequestError` when a forward would exceed
    the capacity, before anything is written.
    """

    def __init__(
        self,
        specs: Sequence[CacheSpec],
        batch: int,
        capacity: int,
        *,
        absorbed: bool = True,
        dtype: torch.dtype = torch.float32,
        device: torch.device | str = "cpu",
    ) -> None:
        self._absorbed = absorbed
        self.capacity = capacity

        def room(spec: CacheSpec, channels: int) -> Tensor:
            return torch.zeros(batch, capacity, spec.num_kv_heads, channels, dtype=dtype, device=device)

        self._keys = [room(spec, spec.key_dim) for spec in specs]  # (B, capacity, G, Dk)
        self._values = [None if spec.value_in_key else room(spec, spec.value_dim) for spec in specs]
        self._lengths = [0] * len(specs)

    @property
    def absorbed(self) -> bool:
        return self._absorbed

    @property
    def length(self) -> int:
        """Tokens seen by every layer."""
        return min(self._lengths)

    def crop(self, length: int) -> None:
        """Forget all but the first ``length`` tokens."""
        self._lengths = [min(length, seen) for seen in self._lengths]

    def lengths(self, positions: Tensor) -> Tensor:
        """As far as the positions of the row reach."""
        return positions.amax(-1, keepdim=True) + 1

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
        start, stop = self._lengths[layer], self._lengths[layer] + q.shape[1]
        if stop > self.capacity:
            raise RequestError(f"{stop} tokens exceed the cache of {self.capacity}", "build a larger cache")
        keys, values = self._keys[layer], self._values[layer]
        keys[:, start:stop] = k
        if values is not None:
            values[:, start:stop] = v
        self._lengths[layer] = stop
        seen = keys[:, :stop]
        past = seen if values is None else values[:, :stop]  # the whole latent as value: slicing beats a copy
        window = None if window is None or window >= stop else window
        causal = start == 0 and window is None
        mask = None if causal else _causal_mask(q, start, window)
        out = dense_attention(q, seen, past, scale, causal=causal, mask=mask, softcap=softcap)
        return out[..., : v.shape[-1]]


def _causal_mask(q: Tensor, start: int, window: int | None) -> Tensor | None:
    """Query t is at position start + t: the causal mask (T, S); None where one query sees everything."""
    length = q.shape[1]
    if length == 1 and window is None:
        return None
    visible = torch.ones(length, start + length, dtype=torch.bool, device=q.device).tril(start)
    return additive(visible if window is None else visible.triu(start - window + 1), q.dtype)
