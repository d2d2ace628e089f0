"""Data that a program writes: solver traces, arithmetic, whatever a task can produce without end."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from fathom.data.record import BEGINNING, Position, Record, Skips


class GeneratedSource:
    """``make(number)`` writes record ``number``, from nothing but that number, so that any part can be made again.

    ``name`` and ``options`` pin it: they must change when what ``make`` writes does.
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
