"""Deduplication: exact copies by hash, near copies by MinHash with banding.

Near copies share many of their word 5-grams (Jaccard similarity J). A MinHash signature holds, for each of 120 random
orders, the smallest n-gram of a text; two signatures agree in a position with probability J (Broder, "On the
resemblance and containment of documents", 1997). Comparing all pairs is infeasible, so the signature is cut into 20
bands of 6: only texts that agree in a whole band are compared, which with J = 0.8 happens in 1 − (1 − 0.8⁶)²⁰ = 99.8 %
of cases, with J = 0.5 in 27 %.

The estimated J has a standard error of √(J(1 − J)/120), at most 0.046, so pairs within about 0.09 of the threshold may
be classified either way. Of near copies the first in order is kept, so the result depends on the order alone. Memory:
500 bytes a document.
"""

from __future__ import annotations

from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from fathom.data.filters.words import Hashes, ngram_hashes, normalize, word_hashes
from fathom.data.permutation import mix
from fathom.data.sources.source import Document

_CHUNK = 4096


class ExactDuplicates:
    """Drops a text with the same words as an earlier one, in the same order; layout and case are ignored."""

    def __init__(self) -> None:
        self._seen: set[bytes] = set()
        self._new: list[bytes] = []

    def __call__(self, document: Document) -> str | None:
        digest = blake2b(" ".join(normalize(document.text)).encode("utf-8", "replace"), digest_size=16).digest()
        if digest in self._seen:
            return "a copy"
        self._seen.add(digest)
        self._new.append(digest)
        return None

    def new_state(self) -> NDArray[np.generic]:
        """(texts, 16) uint8: the hashes added since the last call."""
        state = np.frombuffer(b"".join(self._new), dtype=np.uint8).reshape(-1, 16)
        self._new = []
        return state

    def restore(self, state: NDArray[np.generic]) -> None:
        """Add what `new_state` returned."""
        self._seen.update(row.tobytes() for row in state)


class NearDuplicates:
    """Drops a text that is nearly a copy of one that was kept.

    ``threshold`` is the Jaccard similarity of word n-grams from which texts are near copies. A text of fewer than
    ``ngram`` words is one n-gram.
    """

    def __init__(
        self, threshold: float = 0.8, *, ngram: int = 5, bands: int = 20, rows: int = 6, seed: int = 0
    ) -> None:
        self.threshold = threshold
        self._ngram = ngram
        self._bands = bands
        self._rows = rows
        size = bands * rows
        draws = np.array([mix(mix(seed) + at) for at in range(2 * size)], dtype=np.uint64)
        self._factors: Hashes = draws[:size] | np.uint64(1)  # odd: a bijection, so that no two n-grams collide
        self._summands: Hashes = draws[size:]
        self._signatures: list[NDArray[np.uint32]] = []
        self._saved = 0
        self._tables: list[dict[bytes, list[int]]] = [{} for _ in range(bands)]

    def __call__(self, document: Document) -> str | None:
        signature = self.signature(document.text)
        keys = self._keys(signature)
        candidates = {at for table, key in zip(self._tables, keys, strict=True) for at in table.get(key, ())}
        for at in sorted(candidates):
            if self.similarity(signature, self._signatures[at]) >= self.threshold:
                return "nearly a copy"
        self._add(signature, keys)
        return None

    def new_state(self) -> NDArray[np.generic]:
        """(texts, bands · rows) uint32: the signatures added since the last call."""
        new, self._saved = self._signatures[self._saved :], len(self._signatures)
        return np.array(new, dtype=np.uint32).reshape(-1, self._bands * self._rows)

    def restore(self, state: NDArray[np.generic]) -> None:
        """Add what `new_state` returned, in the same order."""
        for row in state.astype(np.uint32):
            self._add(row, self._keys(row))
        self._saved = len(self._signatures)

    def _keys(self, signature: NDArray[np.uint32]) -> list[bytes]:
        return [band.tobytes() for band in signature.reshape(self._bands, self._rows)]

    def _add(self, signature: NDArray[np.uint32], keys: list[bytes]) -> None:
        for table, key in zip(self._tables, keys, strict=True):
            table.setdefault(key, []).append(len(self._signatures))
        self._signatures.append(signature)

    def signature(self, text: str) -> NDArray[np.uint32]:
        """(bands · rows,) the smallest n-gram of a text in each order."""
        words = word_hashes(normalize(text))
        grams = ngram_hashes(words, min(self._ngram, max(1, len(words))))
        smallest = np.full(len(self._factors), np.iinfo(np.uint64).max, dtype=np.uint64)
        for start in range(0, len(grams), _CHUNK):  # (n-grams, orders) at a time
            ordered = grams[start : start + _CHUNK, None] * self._factors + self._summands  # overflow is intended
            smallest = np.minimum(smallest, ordered.min(axis=0))
        return (smallest >> np.uint64(32)).astype(np.uint32)

    @staticmethod
    def similarity(one: NDArray[np.uint32], other: NDArray[np.uint32]) -> float:
        """The estimated Jaccard similarity of two texts, from their signatures."""
        return float(np.mean(one == other))
