"""JSON Lines, plain or gzipped: one object a line."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from fathom.data.sources.files import check_pin, open_bytes, read_error, sha256_of
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
                    where = f"{self.name}:{row + 1}"
                    data = _object(line)
                    if isinstance(data, str):
                        skips.add(where, data)
                    else:
                        yield Record(data, where, Position(start.file, row))
        except (OSError, EOFError, zlib.error) as error:  # a truncated gzip file raises EOFError
            raise read_error(self._path, error) from error


def _object(line: bytes) -> dict[str, Any] | str:
    """The object in a line, or the reason why there is none."""
    if not line.strip():
        return "the line is empty"
    try:
        data = json.loads(line)
    except UnicodeDecodeError:
        return "it is not UTF-8"
    except (ValueError, RecursionError) as error:
        return f"it is not JSON ({error})"
    return data if isinstance(data, dict) else f"it holds a {type(data).__name__}, not an object"
