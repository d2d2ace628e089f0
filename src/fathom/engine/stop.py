"""Incremental matching of stop strings.

The stop that *ends first* wins (of two that end together, the longer), as if the text came one character at a time, so
the result does not depend on how it was chunked. Searching for the leftmost *start* would depend on it: with stops
``abc`` and ``b``, the chunks ``ab`` + ``c`` stop at ``b`` before ``abc`` can be seen.
"""

from __future__ import annotations


class StopMatcher:
    """Holds back text only while it may be the beginning of a stop string."""

    def __init__(self, stops: tuple[str, ...]) -> None:
        self._stops = tuple(stop for stop in stops if stop)
        self._longest = max(map(len, self._stops), default=0)
        self._held = ""

    def push(self, text: str) -> tuple[str, bool]:
        """The text that is final, and whether a stop string was matched (it is not part of the text)."""
        if not self._stops:
            return text, False
        text = self._held + text
        matches = [(start + len(stop), start) for stop in self._stops if (start := text.find(stop)) >= 0]
        if matches:
            self._held = ""
            return text[: min(matches)[1]], True
        keep = self._possible_prefix(text)
        self._held = text[len(text) - keep :]
        return text[: len(text) - keep], False

    def flush(self) -> str:
        """The text that was held back, at the end of the completion."""
        held, self._held = self._held, ""
        return held

    def _possible_prefix(self, text: str) -> int:
        for length in range(min(self._longest - 1, len(text)), 0, -1):
            tail = text[len(text) - length :]
            if any(stop.startswith(tail) for stop in self._stops):
                return length
        return 0
