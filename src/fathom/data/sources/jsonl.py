"""JSON Lines: one object a line. Lines end at ``\\n`` alone, whatever else a text in them contains."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from fathom.data.sources.files import UNREADABLE, check_pin, open_bytes, read_error, sha256_of
from fathom.data.sources.source import BEGINNING, Position, Record, Skips


class JsonlSource:
    """The objects of one file. ``sha256`` pins the file as it is on disk (of a .gz file, the compressed bytes)."""

    def __init__(self, path: str | Path, *, sha256: str | None = None) -> None:
        self._path = Path(path)
        self._sha256 = sha256
        self.name = self._path.name

    def describe(self) -> dict[str, Any]:
        return {"kind": "jsonl", "name": self.name, "sha256": sha256_of(self._path)}

    def records(self, skips: Skips, start: Position = BEGINNING) -> Iterator[Record]:
        check_pin(self._path, self._sha256)
        try:
            with open_bytes(self._path) as file:
                for row, line in enumerate(islice(file, start.row, None), start.row):
                    if not line.strip():  # nothing, rather than something broken
                        continue
                    where = f"{self.name}:{row + 1}"
                    data = _object(line)
                    if isinstance(data, str):
                        skips.add(where, data)
                    else:
                        yield Record(data, where, Position(start.file, row))
        except UNREADABLE as error:
            raise read_error(self._path, error) from error


def _object(line: bytes) -> dict[str, Any] | str:
    """The object in a line, or the reason why there is none."""
    try:
        data = json.loads(line)
    except UnicodeDecodeError:
        return "it is not UTF-8"
    except (ValueError, RecursionError) as error:
        return f"it is not JSON ({error})"
    return as_record(data)


def as_record(data: Any) -> dict[str, Any] | str:
    """An object; a list of messages as the conversation that it is; or the reason why it is no record."""
    if isinstance(data, dict):
        return data
    if is_message_list(data):
        return {"messages": data}
    return f"it holds a {type(data).__name__}, not an object"


def is_message_list(data: Any) -> bool:
    """Whether ``data`` is a list of objects with a role each."""
    roles = ("role", "from")
    return (
        isinstance(data, list)
        and bool(data)
        and all(isinstance(entry, dict) and any(isinstance(entry.get(key), str) for key in roles) for entry in data)
    )
