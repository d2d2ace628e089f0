"""Reading the files of a run, of which none is trusted to be whole.

`train.run.metrics.read` is for the run itself, which must stop at a broken line. A report goes on without it, and
says how many there were.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

LONGEST_LINE = 32_000_000
"""Bytes of a line that are still read; what is longer was not written by a run."""

LARGEST_OBJECT = 16_000_000


@dataclass(slots=True)
class LoadedLines:
    """What happened while a file was read: ``broken`` lines, and ``problem`` where it could not be read at all."""

    broken: int = 0
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class ParsedLine:
    """One object of a JSON Lines file, and the byte where its line begins."""

    start: int
    values: dict[str, Any] = field(repr=False)


def read_object(path: Path) -> tuple[dict[str, Any], str | None]:
    """The JSON object in ``path`` and None, or an empty one and what is wrong with it."""
    try:
        if problem := _no_file(path):
            return {}, problem
        with path.open("rb") as file:
            raw = file.read(LARGEST_OBJECT + 1)
    except OSError as error:
        return {}, f"cannot be read: {error.strerror}"
    if len(raw) > LARGEST_OBJECT:
        return {}, f"is larger than {LARGEST_OBJECT // 1_000_000} MB"
    found = parse(raw)
    return ({}, "is no JSON object") if found is None else (found, None)


def read_lines(path: Path, reading: LoadedLines) -> Iterator[ParsedLine]:
    """Every line that is a JSON object; ``reading`` is told of the others."""
    try:
        reading.problem = _no_file(path)
        if reading.problem:
            return
        with path.open("rb") as file:
            start = 0
            while raw := file.readline(LONGEST_LINE):
                begin, start = start, start + len(raw)
                found = parse(raw)
                if found is not None:
                    yield ParsedLine(begin, found)
                elif raw.strip():
                    reading.broken += 1
    except OSError as error:
        reading.problem = f"cannot be read: {error.strerror}"


def _no_file(path: Path) -> str | None:
    """What is wrong with the place of a file: a pipe, say, would keep its reader waiting for ever."""
    if path.is_file():
        return None
    return "is no file" if path.exists() else "is missing"


def read_at(path: Path, start: int) -> dict[str, Any]:
    """The object of the line that begins at byte ``start``; empty where the file has changed since."""
    try:
        with path.open("rb") as file:
            file.seek(start)
            return parse(file.readline(LONGEST_LINE)) or {}
    except OSError:
        return {}


def parse(raw: bytes) -> dict[str, Any] | None:
    """A JSON object, or None."""
    try:
        found = json.loads(raw.decode("utf-8", errors="replace"))
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None
