"""Reading the files of a run, none of which is trusted to be whole or well-formed.

A killed process may have cut a file short, and models write text while they are rewarded for anything. Nothing here
raises on content: a value of the wrong type counts as absent, broken lines are counted. (`train.run.metrics.read` is
for a run that resumes, which must stop at a broken line.)
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Record = Mapping[str, Any]

MAX_LINE, MAX_OBJECT = 32_000_000, 16_000_000
"""Bytes of a line, and of a JSON file, that are still read; no run writes more."""

MAX_NUMBER = 1e200

_CONTROL = {code: 0x2400 + code for code in range(0x20) if code not in (0x09, 0x0A)} | {0x7F: 0x2421}
_REPLACEMENTS: dict[int, int | str] = {
    **_CONTROL,
    **dict.fromkeys([*range(0x80, 0xA0), *range(0xD800, 0xE000), 0xFFFE, 0xFFFF], 0xFFFD),
    **{code: f"⟨U+{code:04X}⟩" for code in (*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x2028, 0x2029)},
}


def number(value: object) -> float | None:
    """A finite number whose sums stay finite too, or None; what would underflow is 0."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        result = float(value)
    except OverflowError:
        return None
    if not abs(result) < MAX_NUMBER:  # NaN too
        return None
    return result if abs(result) > 1 / MAX_NUMBER else 0.0


def count(value: object) -> int | None:
    """A whole number that is not negative, or None."""
    result = number(value)
    return int(result) if result is not None and result >= 0 else None


def lookup(record: Record, path: str) -> Any:
    """The value at ``a.b.c``, or None."""
    value: Any = record
    for key in path.split("."):
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


def text(value: object, longest: int = 500) -> str:
    """``value`` as text that is safe to show, cut to ``longest`` characters; empty where it is no string or number."""
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return ""
    try:
        raw = str(value[: longest + 1] if isinstance(value, str) else value)
    except ValueError:  # an integer of thousands of digits
        return ""
    shown = visible(raw)
    return shown if len(shown) <= longest else shown[: longest - 1] + "…"


def visible(raw: str) -> str:
    """``raw`` with a visible sign for each character that is invisible or controls terminals or writing direction."""
    return re.sub("\r\n", "\n", raw).translate(_REPLACEMENTS)


def label(key: str) -> str:
    """A key of a file as a title: ``first_right`` → ``first right``."""
    return text(key, 40).replace("_", " ")


@dataclass(slots=True)
class JsonLines:
    """The objects of a JSON Lines file with the byte offsets of their lines.

    After iteration ``broken`` counts the lines that are no object, and ``problem`` says why the file could not be read.
    """

    path: Path
    broken: int = 0
    problem: str | None = None

    def __iter__(self) -> Iterator[tuple[int, Record]]:
        self.problem = _file_problem(self.path)
        if self.problem:
            return
        try:
            with self.path.open("rb") as file:
                offset = 0
                while raw := file.readline(MAX_LINE):
                    start, offset = offset, offset + len(raw)
                    record = _parse(raw)
                    if record is not None:
                        yield start, record
                    elif raw.strip():
                        self.broken += 1
        except OSError as error:
            self.problem = f"cannot be read: {error.strerror}"

    def at(self, offset: int) -> Record:
        """The object of the line at ``offset``; empty where the file has changed since."""
        try:
            with self.path.open("rb") as file:
                file.seek(offset)
                return _parse(file.readline(MAX_LINE)) or {}
        except OSError:
            return {}

    def problems(self) -> list[str]:
        """What was wrong, as sentences for the reader."""
        if self.problem:
            return [f"{self.path.name} {self.problem}"]
        lines = f"{self.broken} broken line{'s' if self.broken > 1 else ''}"
        return [f"{self.path.name}: {lines} left out"] if self.broken else []


def read_object(path: Path) -> tuple[Record, list[str]]:
    """The JSON object in ``path``, and what is wrong with it."""
    problem = _file_problem(path)
    record: Record | None = None
    if problem is None:
        try:
            with path.open("rb") as file:
                raw = file.read(MAX_OBJECT + 1)
            record = _parse(raw) if len(raw) <= MAX_OBJECT else None
            problem = None if record is not None else "is no JSON object of reasonable size"
        except OSError as error:
            problem = f"cannot be read: {error.strerror}"
    return record or {}, [f"{path.name} {problem}"] if problem else []


def _file_problem(path: Path) -> str | None:
    """Why ``path`` must not be opened: reading a pipe, say, would never return."""
    if path.is_file():
        return None
    return "is no file" if path.exists() else "is missing"


def _parse(raw: bytes) -> dict[str, Any] | None:
    """A JSON object, or None."""
    try:
        value = json.loads(raw.decode("utf-8", errors="replace"))
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None
