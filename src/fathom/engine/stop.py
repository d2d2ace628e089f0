"""Stop strings, found in text that comes in pieces.

The stop that *ends first* wins (of two that end together, the longer): this is what a reader sees who takes one
character at a time, so the result cannot depend on where the pieces were cut. Searching for the leftmost *start*
would: with stops ``abc`` and ``b``, the pieces ``ab`` + ``c`` stop at ``b`` before anyone can know of ``abc``.
"""

from __future__ import annotations


class StopMatcher:
    """Holds back only what may yet become a stop string."""

    def __init__(self, stops: tuple[str, ...]) -> None:
        self._stops = tuple(stop for stop in stops if stop)
        self._longest = max(map(len, self._stops), default=0)
        self._held = ""

    def push(self, text: str) -> tuple[str, bool]:
        """The text that may be shown now, and whether a stop string has been met (it is not part of the text)."""
        if not self._stops:
            return text, False
        text = self._held + text
        found = [(start + len(stop), start) for stop in self._stops if (start := text.find(stop)) >= 0]
        if found:
            self._held = ""
            return text[: min(found)[1]], True
        keep = self._possible_prefix(text)
        self._held = text[len(text) - keep :]
        return text[: len(text) - keep], False

    def flush(self) -> str:
        """What was held back, once no more text can come."""
        held, self._held = self._held, ""
        return held

    def _possible_prefix(self, text: str) -> int:
        for length in range(min(self._longest - 1, len(text)), 0, -1):
            tail = text[len(text) - length :]
            if any(stop.startswith(tail) for stop in self._stops):
                return length
        return 0
