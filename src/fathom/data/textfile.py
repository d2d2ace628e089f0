"""Plain text, plain or gzipped: a file is a document, or holds several with a separator between them."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fathom.data import pins
from fathom.data.jsonl import open_bytes
from fathom.data.record import BEGINNING, Position, Record, Skips


class TextSource:
    """``separator`` is a line that stands alone between documents (``<|endoftext|>``); None: the file is one."""

    def __init__(self, path: str | Path, *, separator: str | None = None, sha256: str | None = None) -> None:
        self._path = Path(path)
        self._separator = separator
        self._sha256 = sha256
        self.name = self._path.name

    def describe(self) -> dict[str, Any]:
        return {"kind": "text", "name": self.name, "sha256": pins.sha256_of(self._path)}

    def records(self, skips: Skips, start: Position = BEGINNING) -> Iterator[Record]:
        pins.check(self._path, self._sha256)
        for row, (line, data) in enumerate(self._documents()):
            if row < start.row:
                continue
            where = f"{self.name}:{line}"
            try:
                text = data.decode("utf-8")
            except UnicodeDecodeError:
                skips.add(where, "it is not UTF-8")
                continue
            yield Record({"text": text}, where, Position(start.file, row))

    def _documents(self) -> Iterator[tuple[int, bytes]]:
        """The number of each document's first line, from 1, and its bytes."""
        first, lines = 1, list[bytes]()
        try:
            with open_bytes(self._path) as file:
                for number, line in enumerate(file, 1):
                    if self._separator is not None and line.strip() == self._separator.encode():
                        yield first, b"".join(lines)
                        first, lines = number + 1, []
                    else:
                        lines.append(line)
        except (OSError, EOFError, zlib.error) as error:
            raise pins.unreadable(self._path, error) from error
        if lines or self._separator is None:
            yield first, b"".join(lines)
