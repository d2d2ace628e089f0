"""Passages: the unit in which a file's text is stored, searched and cited.

The passages of a file, joined, are its whole text. A passage holds about 400 tokens, ends where a paragraph or at least
a sentence ends if one does in its second half, and knows its place in the file: a page, a slide, cells of a sheet, a
line, a chapter.
"""

from __future__ import annotations

import math
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

PASSAGE_BYTES = 1600
"""UTF-8 bytes, which estimate tokens in every script better than characters do."""

WIDEST_BYTES = 2**16
"""Of one row of a table: a passage must fit into a line of the reader's output."""

PASSAGE_PLACE = Mapping[str, int | str]
"""``{"page": 3}``, ``{"slide": 4}``, ``{"sheet": "Sales", "cells": "A2:D20"}``, ``{"line": 10}``, ``{"cell": 2}`` …"""

_BREAKS = tuple(
    re.compile(pattern)
    for pattern in (r"\n[ \t]*\n", r"\n", r"(?<=[.!?…])[\"'”’)]*\s|(?<=[。！？；])", r"\s|(?<=[，、：])")
)
"""Where a text may be divided, best first: paragraphs, lines, sentences, words."""


class TextFullError(Exception):
    """The writer takes no more text; the message says why. The reader ends here, with what it has."""


@dataclass
class PassageWriter:
    """Receives what a reader finds, divides it into passages, and passes each on to ``emit`` at once.

    ``facts`` holds counts for people and programs (``{"pages": 12}``), ``warnings`` what was not read and why. Raises
    `TextFullError` beyond ``max_characters`` and ``deadline``.
    """

    emit: Callable[[PASSAGE_PLACE, str], None]
    max_characters: int
    title: str | None = None
    warnings: list[str] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)
    picture_pages: list[int] = field(default_factory=list)
    """Pages that hold only pictures, from 1: their text is to be recognized."""
    characters: int = 0
    deadline: float = math.inf
    """Of this process's own processor time, in seconds: a reader stops there with what it has."""

    def add(self, text: str, **place: int | str) -> None:
        """Add a text with one place; empty ones are left out. It ends with a line break, so that texts join."""
        if not text.strip():
            return
        for passage, _ in split_text(text.strip("\n") + "\n"):
            self._put(place, passage)

    def add_lines(self, text: str, first: int = 1) -> None:
        """Add a text whose passages are placed by the number of their first line, and end where lines do."""
        for passage, start in split_text(text):
            self._put({"line": first + text.count("\n", 0, start)}, passage)

    def add_passage(self, text: str, **place: int | str) -> None:
        """Add one passage as it is: rows of a table, whose place the reader knows. Only a very wide row is divided."""
        for passage, _ in split_text(text, WIDEST_BYTES):
            self._put(place, passage)

    def warn(self, warning: str) -> None:
        if warning not in self.warnings:
            self.warnings.append(warning)

    def check_time(self) -> None:
        """Raise `TextFullError` beyond the deadline; for readers that work long between two passages."""
        if time.process_time() > self.deadline:
            raise TextFullError(f"only the beginning was read: {self.characters:,} characters took too long")

    def _put(self, place: PASSAGE_PLACE, text: str) -> None:
        text = text[: self.max_characters - self.characters]
        if not text:
            raise TextFullError(f"only the first {self.max_characters:,} characters were read")
        self.check_time()
        self.characters += len(text)
        self.emit(place, text)


def page_list(numbers: Sequence[int]) -> str:
    """``"2, 3, 5"``; the first ten."""
    return ", ".join(map(str, numbers[:10])) + (" …" if len(numbers) > 10 else "")


def split_text(text: str, limit: int = PASSAGE_BYTES) -> Iterator[tuple[str, int]]:
    """Consecutive parts of a text of at most ``limit`` UTF-8 bytes, each with its offset; joined, they are the text."""
    start = 0
    while start < len(text):
        end = _end(text, start, limit)
        yield text[start:end], start
        start = end


def _end(text: str, start: int, limit: int) -> int:
    """Where the part that begins at ``start`` ends: at the last best break in its second half."""
    piece = text[start : start + limit]
    encoded = piece.encode("utf-8", "surrogatepass")
    if len(encoded) <= limit:
        if start + len(piece) == len(text):
            return len(text)
    else:
        piece = encoded[:limit].decode("utf-8", "ignore") or piece[0]
    half = len(piece) // 2
    for pattern in _BREAKS:
        ends = [match.end() for match in pattern.finditer(piece) if match.end() >= half]
        if ends:
            return start + ends[-1]
    return start + len(piece)
