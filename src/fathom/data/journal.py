"""How far a preparation has come, so that one that was killed goes on.

Beside the directory that grows (``NAME.partial``) lies ``NAME.journal``:

    journal.json        what is prepared and how, the next record, the report so far, the shards that are whole
    part-00000.npz      since the part before: tokens that are in no whole shard yet, and what was seen, for duplicates

A part is written whenever so many tokens have come together, always between two records; ``journal.json`` is replaced
behind it, so that it never speaks of what is not there. Whoever goes on reads the sources from the next record, and
knows everything that an uninterrupted run would know there: the result is the same, byte for byte.

Sources, options or vocabulary that have changed make another result, so the journal is then put aside.
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
"""Tokens between two parts: seconds to minutes of work."""

Arrays = dict[str, NDArray[np.generic]]


class Journal:
    """The journal in ``folder`` of what ``key`` describes. ``every`` is in tokens."""

    def __init__(self, folder: Path, key: str, every: int = TOKENS) -> None:
        self.folder = folder
        self.every = every
        self._key = key
        self._parts: list[str] = []

    def load(self) -> tuple[dict[str, Any], list[Arrays]] | None:
        """What was saved last, and all parts in order; None where there is nothing, or nothing that belongs here."""
        try:
            written = json.loads((self.folder / JOURNAL).read_text(encoding="utf-8"))
            if written["key"] != self._key:
                return None
            parts = []
            for name in written["parts"]:
                with np.load(self.folder / name) as stored:
                    parts.append({kind: stored[kind] for kind in stored.files})
        except (OSError, ValueError, KeyError, TypeError):
            return None
        self._parts = list(written["parts"])
        state: dict[str, Any] = written["state"]
        return state, parts

    def save(self, state: Mapping[str, Any], part: Arrays) -> None:
        """Add ``part``, then let ``state`` replace the one before. Raises DataError where the disk refuses."""
        name = f"part-{len(self._parts):05d}.npz"
        written = {"key": self._key, "parts": [*self._parts, name], "state": state}
        partial = self.folder / f"{JOURNAL}.partial"
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with (self.folder / name).open("wb") as file:
                np.savez(file, **part)  # type: ignore[arg-type]
                file.flush()
                os.fsync(file.fileno())
            with partial.open("w", encoding="utf-8") as text:
                json.dump(written, text)
                text.flush()
                os.fsync(text.fileno())
            os.replace(partial, self.folder / JOURNAL)
        except OSError as error:
            raise DataError(
                f"{self.folder} cannot be written: {error.strerror}", "free some space, and run the same command again"
            ) from error
        self._parts.append(name)

    def remove(self) -> None:
        """Take the journal away: the work is done, or begins anew."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self._parts = []


class Watched:
    """``source``, from ``start`` on; ``done`` is called with the place behind each record once it has been dealt with.

    That is when the next one is asked for: nobody here reads ahead.
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


def watch_sources(
    sources: Sequence[DataSource], number: int, start: Position, done: Callable[[int, Position], None]
) -> list[Watched]:
    """The sources from ``number`` on, the first of them from ``start``."""

    def telling(at: int) -> Callable[[Position], None]:
        return lambda position: done(at, position)

    return [
        Watched(source, start if at == number else BEGINNING, telling(at))
        for at, source in enumerate(sources)
        if at >= number
    ]
