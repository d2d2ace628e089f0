"""From sampled tokens to text that may be shown: detokenizer, then stop strings, with the grammar following along."""

from __future__ import annotations

from fathom.engine.constrain import Constraint
from fathom.engine.stop import StopMatcher
from fathom.engine.vocabulary import TextStream


class Transcript:
    """The text side of one completion. Without a text stream there is no text, and tokens are all there is.

    ``ends`` are token ids that end the completion. An end token is part of its tokens, not of its text.
    """

    def __init__(
        self,
        stream: TextStream | None,
        *,
        stops: tuple[str, ...] = (),
        ends: frozenset[int] = frozenset(),
        constraint: Constraint | None = None,
    ) -> None:
        self._stream = stream
        self._stop = StopMatcher(stops)
        self.ends = ends
        self.constraint = constraint

    def push(self, token: int) -> tuple[str, bool]:
        """Text to show now, and whether the completion ends with this token."""
        if self.constraint is not None:
            self.constraint.accept(token)
        if token in self.ends:
            return self.flush()[0], True
        if self._stream is None:
            return "", self._complete
        text, stopped = self._stop.push(self._stream.push(token))
        if self._complete and not stopped:
            return text + self.flush()[0], True
        return text, stopped

    def flush(self) -> tuple[str, bool]:
        """The rest of the text, once no token follows, and whether it held a stop string."""
        if self._stream is None:
            return "", False
        text, stopped = self._stop.push(self._stream.flush())
        return (text, True) if stopped else (text + self._stop.flush(), False)

    @property
    def is_silent(self) -> bool:
        """Whether no text comes of any token, and none is forbidden."""
        return self._stream is None and self.constraint is None

    @property
    def _complete(self) -> bool:
        return self.constraint is not None and self.constraint.complete
