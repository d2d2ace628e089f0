"""What a source yields, and what it skips.

Data from outside has broken lines. One of them must not end a night's work, and ten thousand must not pass unseen: so
what cannot be used is skipped with its place and reason, up to a bound, and beyond it the work stops.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from fathom.base.errors import DataError
from fathom.data.document import Document

MAX_SKIPPED = 100
_NAMED = 5


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """A place in a source: the record ``row`` (from 0, broken ones counted) of its file number ``file``."""

    file: int = 0
    row: int = 0

    @property
    def next(self) -> Position:
        return Position(self.file, self.row + 1)


BEGINNING = Position()


@dataclass(frozen=True, slots=True)
class Record:
    """One object of a source. ``where`` names its place for people: ``books.jsonl:17``, lines from 1."""

    data: Mapping[str, Any]
    where: str
    position: Position


class Skips:
    """Counts what cannot be used. `add` raises DataError once there is more than ``limit`` of it."""

    def __init__(self, limit: int = MAX_SKIPPED) -> None:
        self.limit = limit
        self.items: list[tuple[str, str]] = []

    def add(self, where: str, reason: str) -> None:
        self.items.append((where, reason))
        if len(self.items) > self.limit:
            raise DataError(
                f"{len(self.items)} records cannot be used: {self}",
                "repair the data, or allow more of them to be skipped",
            )

    def __str__(self) -> str:
        told = "; ".join(f"{where}: {reason}" for where, reason in self.items[:_NAMED])
        more = len(self.items) - _NAMED
        return f"{told}; and {more} more" if more > 0 else told


class DataSource(Protocol):
    """Records in a fixed order. ``describe`` says what was read, pinned by hash or commit: it is kept with the data."""

    @property
    def name(self) -> str: ...

    def describe(self) -> dict[str, Any]: ...

    def records(self, skips: Skips, start: Position = BEGINNING) -> Iterator[Record]:
        """The records from ``start`` on; ``record.position.next`` resumes behind a record. Broken ones go to ``skips``.
        Raises DataError where the source as a whole cannot be read, or is not the one that was pinned."""


def documents(
    source: DataSource, skips: Skips, *, field: str = "text", start: Position = BEGINNING
) -> Iterator[Document]:
    """The records' texts. A record without a text in ``field`` is skipped; an ``id`` that it has stays its name."""
    for record in source.records(skips, start):
        text = record.data.get(field)
        if not isinstance(text, str):
            kind = "no" if text is None else f"a {type(text).__name__} as"
            skips.add(record.where, f"it has {kind} {field!r}")
        elif not text.strip():
            skips.add(record.where, f"its {field!r} is empty")
        else:
            name = record.data.get("id")
            yield Document(text, record.where if name is None else str(name), source.name)
