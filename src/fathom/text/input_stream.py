"""Text that is still arriving, read by grammars written as straight-line generators.

A grammar says ``yield`` (through the methods here) whenever the text so far does not decide how to go on. So each rule
is written once, as if the whole text were there, and how the stream is cut cannot matter. Every method looks ahead at
most as far as its longest literal, so reading is linear in the text whatever the text is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Generator
from typing import TypeAlias, TypeVar

T = TypeVar("T")
Reading: TypeAlias = Generator[None, None, T]
"""A rule: yields when it needs more text, returns what it found."""


class InputStream:
    """``feed`` and ``close`` are the writer's side; the rest is the grammar's."""

    def __init__(self) -> None:
        self._text = ""
        self._at = 0
        self._closed = False
        self._recorded: list[str] | None = None

    def feed(self, text: str) -> None:
        self._text = self._text[self._at :] + text
        self._at = 0

    def close(self) -> None:
        self._closed = True

    def record(self, so_far: str) -> None:
        """Remember what is taken from here on, after ``so_far``, in case a rule fails."""
        self._recorded = [so_far]

    def recorded(self) -> str:
        """What was taken since `record`; stops remembering."""
        recorded, self._recorded = self._recorded or [], None
        return "".join(recorded)

    def recorded_ends(self, literal: str) -> bool:
        """Whether the record, up to here, is nothing but ``literal`` and space."""
        return self._recorded is not None and "".join(self._recorded).strip() == literal

    def take(self, size: int) -> str:
        """Consume characters that are known to be there."""
        text = self._text[self._at : self._at + size]
        self._at += size
        if self._recorded is not None:
            self._recorded.append(text)
        return text

    def peek(self) -> Reading[str]:
        """The next character, not consumed; empty at the end."""
        while self._at == len(self._text) and not self._closed:
            yield
        return self._text[self._at : self._at + 1]

    def accept(self, literal: str) -> Reading[bool]:
        """Consume ``literal`` if it comes next."""
        while True:
            if self._text.startswith(literal, self._at):
                self.take(len(literal))
                return True
            if self._closed or not literal.startswith(self._text[self._at :]):
                return False
            yield

    def span(self, pattern: re.Pattern[str], emit: Callable[[str], None]) -> Reading[str]:
        """Consume the longest run of ``pattern`` (one that decides by single characters), telling it piece by piece.
        Returns the character that ended it; empty at the end."""
        while True:
            match = pattern.match(self._text, self._at)
            if match and match.end() > self._at:
                emit(self.take(match.end() - self._at))
            if self._at < len(self._text):
                return self._text[self._at]
            if self._closed:
                return ""
            yield

    def until(self, stops: Stops, emit: Callable[[str], None]) -> Reading[str]:
        """Consume up to and including the first of ``stops``, telling the text before it piece by piece.
        Returns the one that was found; empty at the end."""
        while True:
            if match := stops.search(self._text, self._at):
                if match.start() > self._at:
                    emit(self.take(match.start() - self._at))
                return self.take(len(match[0]))
            kept = 0 if self._closed else stops.pending(self._text, self._at)
            if (size := len(self._text) - self._at - kept) > 0:
                emit(self.take(size))
            if self._closed:
                return ""
            yield


class Stops:
    """Literals to stop at. None may be the beginning of another: which one is meant would depend on the cut."""

    def __init__(self, *literals: str) -> None:
        self._pattern = re.compile("|".join(map(re.escape, literals)) or r"(?!)")
        self._prefixes = frozenset(literal[:size] for literal in literals for size in range(1, len(literal)))
        self._longest = max(map(len, literals), default=1) - 1

    def search(self, text: str, start: int) -> re.Match[str] | None:
        return self._pattern.search(text, start)

    def pending(self, text: str, start: int) -> int:
        """How many characters at the end of ``text`` could be the beginning of a literal."""
        for size in range(min(self._longest, len(text) - start), 0, -1):
            if text[-size:] in self._prefixes:
                return size
        return 0
