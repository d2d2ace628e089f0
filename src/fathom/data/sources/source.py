"""The interface of a data source: records with positions, and the documents in them.

Data from outside has broken lines. One of them must not end a long preparation, and ten thousand must not go
unnoticed: records that cannot be used are skipped with their location and the reason, up to a limit; beyond it the
preparation stops.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from fathom.base.errors import DataError

MAX_SKIPPED = 100
_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Document:
    """Text to train on. ``id`` is unique within ``source``: a line (``books.jsonl:17``), a row, or the record's own."""

    text: str
    id: str
    source: str


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """A position in a source: record ``row`` (from 0, broken records counted) of its file number ``file``."""

    file: int = 0
    row: int = 0

    @property
    def next(self) -> Position:
        return Position(self.file, self.row + 1)


BEGINNING = Position()


@dataclass(frozen=True, slots=True)
class Record:
    """One object of a source. ``where`` is its location for messages: ``books.jsonl:17``, lines from 1."""

    data: Mapping[str, Any]
    where: str
    position: Position


class Skips:
    """The records that could not be used. `add` raises DataError once there are more than ``limit``."""

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
        shown = "; ".join(f"{where}: {reason}" for where, reason in self.items[:_SHOWN])
        more = len(self.items) - _SHOWN
        return f"{shown}; and {more} more" if more > 0 else shown


class DataSource(Protocol):
    """Records in a fixed order. ``describe`` returns what was read, pinned by hash or commit, for the index of the
    shards."""

    @property
    def name(self) -> str: ...

    def describe(self) -> dict[str, Any]: ...

    def records(self, skips: Skips, start: Position = BEGINNING) -> Iterator[Record]:
        """The records from ``start``; ``record.position.next`` is where reading resumes after a record. Broken records
        go to ``skips``. Raises DataError if the source cannot be read at all, or is not the pinned one."""


class GeneratedSource:
    """Records computed by a function: solver traces, arithmetic, any procedural task.

    ``make(number)`` returns record ``number``, from that number alone, so that any part can be generated again.
    ``name`` and ``options`` identify the data: they must change when the output of ``make`` does.
    """

    def __init__(self, name: str, make: Callable[[int], str | Mapping[str, Any]], count: int, **options: Any) -> None:
        self.name = name
        self._make = make
        self._count = count
        self._options = options

    def describe(self) -> dict[str, Any]:
        return {"kind": "generated", "name": self.name, "count": self._count, **self._options}

    def records(self, skips: Skips, start: Position = BEGINNING) -> Iterator[Record]:  # noqa: ARG002 - protocol
        for row in range(start.row, self._count):
            made = self._make(row)
            data = {"text": made} if isinstance(made, str) else made
            yield Record(data, f"{self.name}:{row + 1}", Position(start.file, row))


def documents(
    source: DataSource, skips: Skips, *, field: str = "text", start: Position = BEGINNING
) -> Iterator[Document]:
    """The documents of a source. A record without text in ``field`` is skipped; a record's own ``id`` is kept."""
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
