"""Which tokens of a completion a client sees as text, and where.

Text lags behind tokens: characters of several tokens, possible stop strings and markup are held back, and markup and
stop strings are dropped. Log-probabilities follow the text: an entry is released once text of its token has been shown,
and dropped where none is (end tokens, stop strings, tags of the thinking, tool calls).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from fathom.engine.request import TokenLogprob
from fathom.text.events import TextSpan


class ShownToken(NamedTuple):
    """``offset``: characters of the completion before the token, or before the character that it is a part of."""

    logprob: TokenLogprob
    offset: int
    thinking: bool


class ShownTokens:
    """The tokens of one choice that wait for their text. ``hidden`` are ids that never yield any."""

    def __init__(self, hidden: frozenset[int]) -> None:
        self._hidden = hidden
        self._waiting: deque[tuple[TokenLogprob, tuple[int, int]]] = deque()
        self._shown: deque[TextSpan] = deque()

    def push(
        self, tokens: Iterable[tuple[TokenLogprob, tuple[int, int]]], shown: Iterable[TextSpan]
    ) -> tuple[ShownToken, ...]:
        """Add ``tokens``, each with its span, and the text that is ``shown`` now: the tokens that this releases."""
        self._waiting.extend(token for token in tokens if token[0].token_id not in self._hidden)
        self._shown.extend(shown)
        released = tuple(self._release())
        if not self._waiting:
            self._shown.clear()  # tokens to come have later characters
        return released

    def _release(self) -> Iterator[ShownToken]:
        while self._waiting:
            logprob, (start, end) = self._waiting[0]
            while self._shown and self._shown[0].end <= start:
                self._shown.popleft()
            if not self._shown:
                return
            self._waiting.popleft()
            if self._shown[0].start < max(end, start + 1):  # a part of a character has the place of the whole
                yield ShownToken(logprob, start, self._shown[0].thinking)
