"""The attention context: a protocol for access to other tokens, by which one forward serves training and decoding.

The model computes queries, keys and values of the tokens at hand; an *attention context* knows which earlier tokens
each may see. Training passes a context that holds nothing but a mask; the engine passes one that stores keys and
values in pages and reads them back. The model knows neither.

    B batch · T tokens at hand · H query heads · G key/value heads · D head channels
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from torch import Tensor


@dataclass(frozen=True, slots=True)
class CacheSpec:
    """What one layer hands to its context per token, so that a cache can be laid out before the first forward.

    ``value_in_key``: the value is the first ``value_dim`` channels of the key (absorbed MLA), so it is stored once.
    """

    num_kv_heads: int
    key_dim: int
    value_dim: int
    value_in_key: bool = False

    @property
    def entries_per_token(self) -> int:
        """Numbers to store per token and layer."""
        return self.num_kv_heads * (self.key_dim + (0 if self.value_in_key else self.value_dim))


class AttentionContext(Protocol):
    """Invariants: ``attend`` is called once per layer, in order; token (b, t) sees itself and, of its own sequence
    only, what came before. Implementations never change ``q``, ``k`` or ``v``.
    """

    @property
    def absorbed(self) -> bool:
        """Whether MLA should hand over its latent (one key head, value inside the key) rather than expanded heads."""
        ...

    def lengths(self, positions: Tensor) -> Tensor:
        """Of tokens at ``positions`` (B, T): how many tokens their sequences have, (B, T) or broadcastable to it.

        Rotary embeddings that depend on a sequence's length (LongRoPE) ask for it; keys of one sequence that were
        handed over at one length may not meet those of another.
        """
        ...

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
        """softmax(scale · q kᵀ) v over what each token may see.

        q (B, T, H, Dk), k (B, T, G, Dk), v (B, T, G, Dv), H a multiple of G → (B, T, H, Dv). Under ``value_in_key``
        v is a view of k's first Dv channels. ``window`` w: of what came before, a token sees only the last w - 1
        tokens. ``softcap`` c: a score x becomes c · tanh(x / c) before the softmax.
        """
        ...
