"""JSON files, by what they hold: one list of records, one object, or JSON Lines. Names do not tell these apart."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fathom.base.errors import DataError
from fathom.data.sources.files import UNREADABLE, check_pin, open_bytes, read_error, sha256_of
from fathom.data.sources.jsonl import JsonlSource, as_record, is_message_list
from fathom.data.sources.source import BEGINNING, Position, Record, Skips

LISTS = ("data", "train", "rows", "examples")
"""Fields of a single object that hold its records."""

_OF_A_RECORD = frozenset({"conversations", "instruction", "messages", "problem", "prompt", "question", "text"})
"""Fields of which one makes an object a record, whose list is a part of it: the examples of a program."""


class JsonSource:
    """The records of one file. One that is a list is read whole; of JSON Lines only a line is in memory."""

    def __init__(self, path: str | Path, *, sha256: str | None = None) -> None:
        self._path = Path(path)
        self._sha256 = sha256
        self._lines = JsonlSource(path, sha256=sha256)
        self.name = self._path.name

    def describe(self) -> dict[str, Any]:
        return {"kind": "jsonl", "name": self.name, "sha256": sha256_of(self._path)}

    def records(self, skips: Skips, start: Position = BEGINNING) -> Iterator[Record]:
        check_pin(self._path, self._sha256)
        try:
            data = None if self._has_lines() else self._read()
        except UNREADABLE as error:
            raise read_error(self._path, error) from error
        if data is None:
            yield from self._lines.records(skips, start)
        else:
            yield from self._entries(data, skips, start)

    def _has_lines(self) -> bool:
        """Whether the file is JSON Lines, by its first two lines. A broken first line is one of JSON Lines, unless a
        list or an object begins there.
        """
        with open_bytes(self._path) as file:
            lines = (line.strip() for line in file if line.strip())
            first, second = next(lines, b""), next(lines, b"")
        try:
            data = json.loads(first)
        except (ValueError, RecursionError):
            return not (first.startswith(b"[") or first == b"{")
        return bool(second) or _records_of(data) is None

    def _read(self) -> bytes:
        with open_bytes(self._path) as file:
            return file.read()

    def _entries(self, data: bytes, skips: Skips, start: Position) -> Iterator[Record]:
        for row, entry in enumerate(_entries(data, self._path)):
            if row < start.row:
                continue
            where = f"{self.name}:{row + 1}"
            record = as_record(entry)
            if isinstance(record, str):
                skips.add(where, record)
            else:
                yield Record(record, where, Position(start.file, row))


def _records_of(value: Any) -> list[Any] | None:
    """The records in a JSON value that holds several: a list of them, or an object such as ``{"data": […]}``."""
    if isinstance(value, dict) and _OF_A_RECORD.isdisjoint(value):
        lists = [value[key] for key in LISTS if isinstance(value.get(key), list)]
        value = lists[0] if len(lists) == 1 and len(value) <= 3 else None
    holds_objects = isinstance(value, list) and any(isinstance(entry, dict) for entry in value)
    return value if holds_objects and not is_message_list(value) else None


def _entries(data: bytes, path: Path) -> list[Any]:
    try:
        value = json.loads(data)
    except UnicodeDecodeError as error:
        raise DataError(f"{path} is not UTF-8", "save it as UTF-8") from error
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path} is not JSON ({error})", "correct it there, or write one record a line") from error
    records = _records_of(value)
    return [value] if records is None else records
