"""Several files as one source, read one after the other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from fathom.data.record import BEGINNING, DataSource, Position, Record, Skips


class FilesSource:
    """The records of ``parts`` in order."""

    def __init__(self, name: str, parts: Sequence[DataSource]) -> None:
        self.name = name
        self._parts = parts

    def describe(self) -> dict[str, Any]:
        return {"kind": "files", "name": self.name, "parts": [part.describe() for part in self._parts]}

    def records(self, skips: Skips, start: Position = BEGINNING) -> Iterator[Record]:
        for number in range(start.file, len(self._parts)):
            row = start.row if number == start.file else 0
            yield from self._parts[number].records(skips, Position(number, row))
