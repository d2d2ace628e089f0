"""Packing plans: which tokens share a row, computed from the documents' lengths alone.

*Stream*: documents concatenated and cut every T tokens (as V3 trains, section 4.1). No token is wasted; a document that
is cut continues in the next row without its beginning. For pretraining, where cuts are rare relative to the text.

*Best fit*: whole documents, the longest first, each into the fullest row that still has room for it (Ding et al.,
"Fewer truncations improve language modeling", 2024, which measured the cost of the stream's cuts). For conversations
and traces, where half a sample would train answers without their question. A little padding remains.

Either way a row is a list of spans, and attention never crosses from one span to another.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from fathom.base.errors import ConfigError
from fathom.data.shards.store import Ids

TooLong = Literal["split", "cut", "drop"]
"""What best fit does with a document longer than a row: pieces in several rows, the first T tokens, or nothing."""


@dataclass(frozen=True, slots=True)
class Span:
    """Tokens ``start`` up to ``stop`` of a store, within one document, which ends at ``end``."""

    start: int
    stop: int
    end: int


class PackingPlan(Protocol):
    """``length`` is the number of tokens in a row (T). ``describe`` names everything that determines the rows."""

    @property
    def length(self) -> int: ...

    @property
    def describe(self) -> str: ...

    def __len__(self) -> int:
        """Rows."""
        ...

    def row(self, index: int) -> Sequence[Span]:
        """The spans of a row, in total at most ``length`` tokens."""
        ...


class StreamPlan:
    """Row i holds tokens iT up to (i + 1)T; the last row may be short."""

    def __init__(self, offsets: Ids, length: int) -> None:
        self._offsets = offsets
        self.length = _positive(length)
        self.describe = f"stream of {length}"

    def __len__(self) -> int:
        return (int(self._offsets[-1]) + self.length - 1) // self.length

    def row(self, index: int) -> list[Span]:
        start = index * self.length
        stop = min(start + self.length, int(self._offsets[-1]))
        spans = []
        document = int(np.searchsorted(self._offsets, start, side="right")) - 1
        while start < stop:
            end = int(self._offsets[document + 1])
            if end > start:  # an empty document has no span
                spans.append(Span(start, min(end, stop), end))
            start, document = max(start, min(end, stop)), document + 1
        return spans


class BestFitPlan:
    """Rows of whole documents. ``dropped`` counts the documents that ``too_long="drop"`` drops, ``cut_tokens`` the
    tokens that ``too_long="cut"`` drops."""

    def __init__(self, offsets: Ids, length: int, too_long: TooLong = "split") -> None:
        self.length = _positive(length)
        self.describe = f"best fit of {length}, longer ones: {too_long}"
        pieces, self.dropped, self.cut_tokens = _pieces(offsets, length, too_long)
        self._pieces = pieces
        self._rows = _best_fit(pieces[:, 1] - pieces[:, 0], length)

    def __len__(self) -> int:
        return len(self._rows)

    def row(self, index: int) -> list[Span]:
        return [Span(*map(int, self._pieces[piece])) for piece in self._rows[index]]

    @property
    def padding(self) -> float:
        """The share of padding in all rows."""
        filled = int((self._pieces[:, 1] - self._pieces[:, 0]).sum())
        return 1 - filled / max(1, len(self._rows) * self.length)


def _positive(length: int) -> int:
    if length < 1:
        raise ConfigError(f"rows of {length} tokens cannot be packed", "choose a sequence length of at least 1")
    return length


def _pieces(offsets: Ids, length: int, too_long: TooLong) -> tuple[NDArray[np.int64], int, int]:
    """(pieces, 3): start, stop, end; the number of documents dropped, and of tokens cut."""
    pieces, dropped, cut = [], 0, 0
    for start, end in zip(offsets[:-1].tolist(), offsets[1:].tolist(), strict=True):
        excess = end - start - length
        if excess <= 0 or too_long == "split":
            pieces += [(at, min(at + length, end), end) for at in range(start, end, length)]
        elif too_long == "cut":
            pieces.append(
                (start, start + length, start + length)
            )  # the first token that was cut is not a target either
            cut += excess
        else:
            dropped += 1
    return np.array(pieces, dtype=np.int64).reshape(-1, 3), dropped, cut


def _best_fit(sizes: NDArray[np.int64], length: int) -> list[list[int]]:
    """Best fit decreasing. Open rows are grouped by remaining space; bit s of ``spaces`` is set if some row has exactly
    s left, so the tightest row is one bit operation on an integer."""
    rows: list[list[int]] = []
    with_space: list[list[int]] = [[] for _ in range(length + 1)]
    spaces = 0
    for piece in np.argsort(-sizes, kind="stable").tolist():
        size = int(sizes[piece])
        fitting = spaces >> size
        if fitting:
            space = size + (fitting & -fitting).bit_length() - 1
            row = with_space[space].pop()
            if not with_space[space]:
                spaces ^= 1 << space
        else:
            space, row = length, len(rows)
            rows.append([])
        rows[row].append(piece)
        with_space[space - size].append(row)
        spaces |= 1 << (space - size)
    return rows
