"""Removing what was seen before: exact copies by hash, near ones by MinHash with banding.

Two texts are near when many of their word 5-grams are the same (Jaccard similarity J). A MinHash signature holds, for
each of 120 random orders, the smallest n-gram of a text; two signatures agree in a place with probability J (Broder,
"On the resemblance and containment of documents", 1997). Comparing all pairs is out of the question, so the signature
is cut into 20 bands of 6: texts that agree in a whole band are compared, and with J = 0.8 that happens in
1 − (1 − 0.8⁶)²⁰ = 99.8 % of cases, with J = 0.5 in 27 %, which the comparison then sorts out.

The error: the estimated J has a standard error of √(J(1 − J)/120), at most 0.046, so pairs within about 0.09 of the
threshold may fall on either side. Of near copies the first in order is kept, which makes the result depend on the order
and nothing else. 500 bytes a document stay in memory.
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
    """Objects to a text whose words have all occurred before in the same order; layout and case do not matter."""

    def __init__(self) -> None:
        self._seen: set[bytes] = set()
        self._fresh: list[bytes] = []

    def __call__(self, document: Document) -> str | None:
        digest = blake2b(" ".join(normalize(document.text)).encode("utf-8", "replace"), digest_size=16).digest()
        if digest in self._seen:
            return "a copy"
        self._seen.add(digest)
        self._fresh.append(digest)
        return None

    def fresh(self) -> NDArray[np.generic]:
        """(texts, 16) uint8: what was seen since this was asked last."""
        seen = np.frombuffer(b"".join(self._fresh), dtype=np.uint8).reshape(-1, 16)
        self._fresh = []
        return seen

    def recall(self, seen: NDArray[np.generic]) -> None:
        """Know what `fresh` once said."""
        self._seen.update(row.tobytes() for row in seen)


class NearDuplicates:
    """Objects to a text that is nearly one that was kept before.

    ``threshold`` is the Jaccard similarity of word n-grams from which texts count as the same. A text of fewer than
    ``ngram`` words counts as one n-gram.
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
        self._factors: Hashes = draws[:size] | np.uint64(1)  # odd, so that no two n-grams fall together
        self._summands: Hashes = draws[size:]
        self._signatures: list[NDArray[np.uint32]] = []
        self._told = 0
        self._tables: list[dict[bytes, list[int]]] = [{} for _ in range(bands)]

    def __call__(self, document: Document) -> str | None:
        signature = self.signature(document.text)
        keys = self._keys(signature)
        candidates = {at for table, key in zip(self._tables, keys, strict=True) for at in table.get(key, ())}
        for at in sorted(candidates):
            if self.similarity(signature, self._signatures[at]) >= self.threshold:
                return "nearly a copy"
        self._keep(signature, keys)
        return None

    def fresh(self) -> NDArray[np.generic]:
        """(texts, bands · rows) uint32: signatures that were kept since this was asked last."""
        kept, self._told = self._signatures[self._told :], len(self._signatures)
        return np.array(kept, dtype=np.uint32).reshape(-1, self._bands * self._rows)

    def recall(self, seen: NDArray[np.generic]) -> None:
        """Know what `fresh` once said, in the same order."""
        for row in seen.astype(np.uint32):
            self._keep(row, self._keys(row))
        self._told = len(self._signatures)

    def _keys(self, signature: NDArray[np.uint32]) -> list[bytes]:
        return [band.tobytes() for band in signature.reshape(self._bands, self._rows)]

    def _keep(self, signature: NDArray[np.uint32], keys: list[bytes]) -> None:
        for table, key in zip(self._tables, keys, strict=True):
            table.setdefault(key, []).append(len(self._signatures))
        self._signatures.append(signature)

    def signature(self, text: str) -> NDArray[np.uint32]:
        """(bands · rows,) the smallest of a text's n-grams in each order."""
        words = word_hashes(normalize(text))
        grams = ngram_hashes(words, min(self._ngram, max(1, len(words))))
        smallest = np.full(len(self._factors), np.iinfo(np.uint64).max, dtype=np.uint64)
        for start in range(0, len(grams), _CHUNK):  # (n-grams, orders) at a time
            ordered = grams[start : start + _CHUNK, None] * self._factors + self._summands  # overflow is meant
            smallest = np.minimum(smallest, ordered.min(axis=0))
        return (smallest >> np.uint64(32)).astype(np.uint32)

    @staticmethod
    def similarity(one: NDArray[np.uint32], other: NDArray[np.uint32]) -> float:
        """The estimated Jaccard similarity of two texts, from their signatures."""
        return float(np.mean(one == other))
