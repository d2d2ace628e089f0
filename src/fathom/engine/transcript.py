"""Sampled tokens to text: detokenizer, then stop strings; the grammar is advanced by every token."""

from __future__ import annotations

from typing import NamedTuple

from fathom.engine.grammar import GrammarMatcher
from fathom.engine.stop import StopMatcher
from fathom.engine.vocabulary import TextStream


class Extension(NamedTuple):
    """What tokens added: text to show now, how many were ``taken``, whether the last of them ends the completion, and
    the span of each in the text (none without a text stream).
    """

    text: str
    taken: int
    ended: bool
    spans: tuple[tuple[int, int], ...] = ()


class Transcript:
    """The text of one completion; without a text stream it is always empty.

    ``ends`` are token ids that end the completion. An end token is part of its tokens, not of its text.
    """

    def __init__(
        self,
        stream: TextStream | None,
        *,
        stops: tuple[str, ...] = (),
        ends: frozenset[int] = frozenset(),
        grammar: GrammarMatcher | None = None,
    ) -> None:
        self._stream = stream
        self._stop = StopMatcher(stops)
        self._length = 0  # characters of the tokens so far, those of a stop string included
        self.ends = ends
        self.grammar = grammar

    def push(self, token: int) -> tuple[str, bool]:
        """Text to show now, and whether the completion ends with this token."""
        if self.grammar is not None:
            self.grammar.accept(token)
        if token in self.ends:
            return self.flush()[0], True
        if self._stream is None:
            return "", self._complete
        text = self._stream.push(token)
        self._length += len(text)
        text, stopped = self._stop.push(text)
        if self._complete and not stopped:
            return text + self.flush()[0], True
        return text, stopped

    def extend(self, tokens: list[int]) -> Extension:
        """Push tokens until one ends the completion."""
        if self.is_silent and self.ends.isdisjoint(tokens):
            return Extension("", len(tokens), False)
        text, spans, ended = "", [], False
        for token in tokens:
            start = self._length
            more, ended = self.push(token)
            text += more
            spans.append((start, self._length))
            if ended:
                break
        return Extension(text, len(spans), ended, tuple(spans) if self._stream is not None else ())

    def flush(self) -> tuple[str, bool]:
        """The rest of the text, once no token follows, and whether it held a stop string."""
        if self._stream is None:
            return "", False
        text, stopped = self._stop.push(self._stream.flush())
        return (text, True) if stopped else (text + self._stop.flush(), False)

    @property
    def is_silent(self) -> bool:
        """Whether tokens yield no text and no grammar masks any."""
        return self._stream is None and self.grammar is None

    @property
    def _complete(self) -> bool:
        return self.grammar is not None and self.grammar.is_complete
