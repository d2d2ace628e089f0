"""Text files: one document a file, or several with a separator line between them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fathom.data.sources.files import UNREADABLE, check_pin, open_bytes, read_error, sha256_of
from fathom.data.sources.source import BEGINNING, Position, Record, Skips


class TextSource:
    """The documents of one file; ``separator`` is the line between them (``<|endoftext|>``; None: one document)."""

    def __init__(self, path: str | Path, *, separator: str | None = None, sha256: str | None = None) -> None:
        self._path = Path(path)
        self._separator = separator
        self._sha256 = sha256
        self.name = self._path.name

    def describe(self) -> dict[str, Any]:
        return {"kind": "text", "name": self.name, "sha256": sha256_of(self._path)}

    def records(self, skips: Skips, start: Position = BEGINNING) -> Iterator[Record]:
        check_pin(self._path, self._sha256)
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
        """Each document's first line number, from 1, and its bytes."""
        first, lines = 1, list[bytes]()
        try:
            with open_bytes(self._path) as file:
                for number, line in enumerate(file, 1):
                    if self._separator is not None and line.strip() == self._separator.encode():
                        yield first, b"".join(lines)
                        first, lines = number + 1, []
                    else:
                        lines.append(line)
        except UNREADABLE as error:
            raise read_error(self._path, error) from error
        if lines or self._separator is None:
            yield first, b"".join(lines)
