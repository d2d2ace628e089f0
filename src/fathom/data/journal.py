"""The journal of a preparation, from which an interrupted one resumes.

Beside the directory being written (``NAME.partial``) is ``NAME.journal``:

    journal.json        a key of sources and options, the next record, the report so far, the complete shards
    part-00000.npz      since the last part: tokens of the incomplete shard, and the state of the duplicate filters

A part is written every so many tokens, always between two records; ``journal.json`` is replaced after it, so that it
never refers to a missing part. A resumed preparation reads the sources from the next record, with the state that an
uninterrupted one would have there: the result is the same, byte for byte.

If sources, options or vocabulary have changed, the key differs and the journal is ignored.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fathom.base.errors import DataError
from fathom.data.sources.source import BEGINNING, DataSource, Position, Record, Skips

JOURNAL = "journal.json"
TOKENS = 1 << 22
"""Tokens between two parts: seconds to minutes of computation."""

Arrays = dict[str, NDArray[np.generic]]


class Journal:
    """The journal in ``folder`` of the preparation identified by ``key``. ``every`` is in tokens."""

    def __init__(self, folder: Path, key: str, every: int = TOKENS) -> None:
        self.folder = folder
        self.every = every
        self._key = key
        self._parts: list[str] = []

    def load(self) -> tuple[dict[str, Any], list[Arrays]] | None:
        """The last state saved, and all parts in order; None if there is none with this key."""
        try:
            stored = json.loads((self.folder / JOURNAL).read_text(encoding="utf-8"))
            if stored["key"] != self._key:
                return None
            parts = []
            for name in stored["parts"]:
                with np.load(self.folder / name) as arrays:
                    parts.append({kind: arrays[kind] for kind in arrays.files})
        except (OSError, ValueError, KeyError, TypeError):
            return None
        self._parts = list(stored["parts"])
        state: dict[str, Any] = stored["state"]
        return state, parts

    def save(self, state: Mapping[str, Any], part: Arrays) -> None:
        """Add ``part``, then replace the state. Raises DataError if they cannot be written."""
        name = f"part-{len(self._parts):05d}.npz"
        content = {"key": self._key, "parts": [*self._parts, name], "state": state}
        partial = self.folder / f"{JOURNAL}.partial"
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with (self.folder / name).open("wb") as file:
                np.savez(file, **part)  # type: ignore[arg-type]
                file.flush()
                os.fsync(file.fileno())
            with partial.open("w", encoding="utf-8") as text:
                json.dump(content, text)
                text.flush()
                os.fsync(text.fileno())
            os.replace(partial, self.folder / JOURNAL)
        except OSError as error:
            raise DataError(
                f"{self.folder} cannot be written: {error.strerror}", "free some space, and run the same command again"
            ) from error
        self._parts.append(name)

    def remove(self) -> None:
        """Delete the journal: the preparation is complete, or starts again."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self._parts = []


class TrackedSource:
    """``source`` from ``start``; calls ``done`` with the position after each record once it has been processed.

    A record is processed when the next one is requested: nothing reads ahead.
    """

    def __init__(self, source: DataSource, start: Position, done: Callable[[Position], None]) -> None:
        self.name = source.name
        self._source = source
        self._start = start
        self._done = done

    def describe(self) -> dict[str, Any]:
        return self._source.describe()

    def records(self, skips: Skips, start: Position = BEGINNING) -> Iterator[Record]:
        for record in self._source.records(skips, max(start, self._start)):
            yield record
            self._done(record.position.next)


def track_sources(
    sources: Sequence[DataSource], number: int, start: Position, done: Callable[[int, Position], None]
) -> list[TrackedSource]:
    """The sources from ``number`` on, the first of them from ``start``; ``done`` also gets the source's number."""

    def on_done(at: int) -> Callable[[Position], None]:
        return lambda position: done(at, position)

    return [
        TrackedSource(source, start if at == number else BEGINNING, on_done(at))
        for at, source in enumerate(sources)
        if at >= number
    ]
