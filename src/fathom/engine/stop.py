"""Incremental matching of stop strings, in a whole completion or in its answer only.

The stop that *ends first* wins (of two that end together, the longer), as if the text came one character at a time, so
the result does not depend on how it was chunked. Searching for the leftmost *start* would depend on it: with stops
``abc`` and ``b``, the chunks ``ab`` + ``c`` stop at ``b`` before ``abc`` can be seen.
"""

from __future__ import annotations

from fathom.engine.request import AnswerStop


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


class AnswerStopMatcher:
    """Matches stop strings after the thinking. White space is held back where ``stop.opener`` may follow."""

    def __init__(self, stop: AnswerStop | None) -> None:
        self._matcher = StopMatcher(stop.texts if stop else ())
        self._opener = stop.opener if stop else ""
        self._closer = stop.closer if stop else ""
        self._undecided = bool(self._opener)
        self._thinking = stop is not None and not self._opener
        self._held = ""

    def push(self, text: str) -> tuple[str, bool]:
        """The text that is final, and whether a stop string was matched (it is not part of the text)."""
        if self._undecided:
            text, self._held = self._held + text, ""
            lead = text.lstrip()
            if len(lead) < len(self._opener) and self._opener.startswith(lead):
                self._held = text
                return "", False
            self._undecided, self._thinking = False, lead.startswith(self._opener)
        if self._thinking:
            return self._push_thinking(text)
        return self._matcher.push(text)

    def flush(self) -> tuple[str, bool]:
        """The text that was held back, at the end of the completion, and whether it held a stop string."""
        held, stopped = self._matcher.push(self._held) if self._undecided else ("", False)
        return (held, True) if stopped else (held + self._matcher.flush(), False)

    def _push_thinking(self, text: str) -> tuple[str, bool]:
        """``_held`` is the end of what was passed on: the closer may have begun in it."""
        seen = self._held + text
        at = seen.find(self._closer)
        if at < 0:
            self._held = seen[-len(self._closer) :]
            return text, False
        self._thinking = False
        thought = at + len(self._closer) - len(self._held)
        answer, stopped = self._matcher.push(text[thought:])
        return text[:thought] + answer, stopped
