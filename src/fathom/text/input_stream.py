"""The input of an incremental parser: text that is still arriving, read by generator functions.

A parsing rule yields (through the methods here) whenever the text so far does not decide how to continue. So each rule
is written once, as for a complete text, and the result does not depend on how the stream is split. Every method looks
ahead at most by its longest literal, so parsing is linear in the length of any text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Generator
from typing import TypeAlias, TypeVar

T = TypeVar("T")
Reading: TypeAlias = Generator[None, None, T]
"""A parsing rule: yields when it needs more text, returns its result."""


class InputStream:
    """``feed`` and ``close`` are called by the writer, everything else by parsing rules."""

    def __init__(self) -> None:
        self._text = ""
        self._at = 0
        self._before = 0  # characters that have been consumed and dropped
        self._closed = False
        self._recorded: list[str] | None = None

    def feed(self, text: str) -> None:
        self._before += self._at
        self._text = self._text[self._at :] + text
        self._at = 0

    @property
    def position(self) -> int:
        """How many characters have been consumed."""
        return self._before + self._at

    def close(self) -> None:
        self._closed = True

    def start_recording(self, prefix: str) -> None:
        """Record ``prefix`` and all text consumed from here on, in case a rule fails."""
        self._recorded = [prefix]

    def stop_recording(self) -> str:
        """The text recorded since `start_recording`; ends the recording."""
        recorded, self._recorded = self._recorded or [], None
        return "".join(recorded)

    def has_recorded_only(self, literal: str) -> bool:
        """Whether the recording is nothing but ``literal`` and white space."""
        return self._recorded is not None and "".join(self._recorded).strip() == literal

    def take(self, size: int) -> str:
        """Consume ``size`` characters, which must have arrived."""
        text = self._text[self._at : self._at + size]
        self._at += size
        if self._recorded is not None:
            self._recorded.append(text)
        return text

    def peek(self) -> Reading[str]:
        """The next character, without consuming it; empty at the end."""
        while self._at == len(self._text) and not self._closed:
            yield
        return self._text[self._at : self._at + 1]

    def accept(self, literal: str, *, cut_off: bool = False) -> Reading[bool]:
        """Consume ``literal`` if it comes next; with ``cut_off`` also a part of it that the text ends in."""
        while True:
            if self._text.startswith(literal, self._at):
                self.take(len(literal))
                return True
            rest = self._text[self._at :]
            if not literal.startswith(rest):
                return False
            if self._closed:
                return cut_off and bool(self.take(len(rest)))
            yield

    def span(self, pattern: re.Pattern[str], emit: Callable[[str], None]) -> Reading[str]:
        """Consume the longest run of ``pattern`` (a repeated character class) and pass it to ``emit`` in pieces.
        Returns the character after it; empty at the end."""
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
        """Consume up to and including the first of ``stops``; the text before it goes to ``emit`` in pieces.
        Returns the stop; empty at the end."""
        while True:
            if match := stops.search(self._text, self._at):
                if match.start() > self._at:
                    emit(self.take(match.start() - self._at))
                return self.take(len(match[0]))
            held = 0 if self._closed else stops.pending(self._text, self._at)
            if (size := len(self._text) - self._at - held) > 0:
                emit(self.take(size))
            if self._closed:
                return ""
            yield


class Stops:
    """Literals to stop at. None may be a prefix of another, or the match would depend on how the stream is split."""

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
