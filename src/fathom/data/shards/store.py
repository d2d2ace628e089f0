"""The interface of a token store, which packing reads, and a store in memory."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Ids = NDArray[np.int64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Sample:
    """A tokenized document or conversation. ``learned`` marks the tokens that are trained on (None: all of them); in a
    conversation those of the assistant."""

    ids: Sequence[int]
    learned: Sequence[bool] | None = None


class TokenStore(Protocol):
    """Concatenated documents, numbered from 0: document d is the tokens ``offsets[d]`` up to ``offsets[d + 1]``."""

    @property
    def offsets(self) -> Ids:
        """(documents + 1,), from 0 to the number of tokens."""
        ...

    @property
    def fingerprint(self) -> str:
        """A hash of all tokens."""
        ...

    def read(self, start: int, stop: int) -> Ids:
        """(stop − start,) token ids, across documents."""
        ...

    def read_learned(self, start: int, stop: int) -> Flags:
        """(stop − start,) whether each token is trained on."""
        ...


class MemoryStore:
    """Samples in memory: procedural data, small data sets, tests."""

    def __init__(self, samples: Iterable[Sample]) -> None:
        samples = list(samples)
        lengths = np.array([0, *(len(sample.ids) for sample in samples)], dtype=np.int64)
        self._ids = _concatenate([np.asarray(sample.ids, dtype=np.int64) for sample in samples], np.int64)
        self._learned = _concatenate([_flags(sample) for sample in samples], np.bool_)
        self.offsets: Ids = np.cumsum(lengths)
        digest = hashlib.sha256(self.offsets.tobytes())
        digest.update(self._ids.tobytes() + self._learned.tobytes())
        self.fingerprint = digest.hexdigest()

    def read(self, start: int, stop: int) -> Ids:
        return self._ids[start:stop]

    def read_learned(self, start: int, stop: int) -> Flags:
        return self._learned[start:stop]


def _flags(sample: Sample) -> Flags:
    if sample.learned is None:
        return np.ones(len(sample.ids), dtype=np.bool_)
    if len(sample.learned) != len(sample.ids):
        raise ValueError(f"{len(sample.ids)} tokens and {len(sample.learned)} flags of what is learned")
    return np.asarray(sample.learned, dtype=np.bool_)


def _concatenate(parts: list[NDArray[np.generic]], dtype: type) -> NDArray:  # type: ignore[type-arg]
    return np.concatenate(parts) if parts else np.zeros(0, dtype=dtype)
