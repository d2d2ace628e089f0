"""Sampled tokens to text: detokenizer, then stop strings; the grammar is advanced by every token."""

from __future__ import annotations

from typing import NamedTuple

from fathom.engine.grammar import GrammarMatcher
from fathom.engine.request import AnswerStop
from fathom.engine.stop import AnswerStopMatcher, StopMatcher
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
        answer_stop: AnswerStop | None = None,
        ends: frozenset[int] = frozenset(),
        grammar: GrammarMatcher | None = None,
    ) -> None:
        self._stream = stream
        self._stop = StopMatcher(stops)
        self._length = 0  # characters of the tokens so far, those of a stop string included
        self._answer_stop = AnswerStopMatcher(answer_stop)
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
        text, stopped = self._match(text)
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
        text, stopped = self._match(self._stream.flush())
        if stopped:
            return text, True
        more, stopped = self._answer_stop.push(self._stop.flush())
        if stopped:
            return text + more, True
        rest, stopped = self._answer_stop.flush()
        return text + more + rest, stopped

    def _match(self, text: str) -> tuple[str, bool]:
        """What of ``text`` is final, and whether a stop string ends it."""
        text, ended = self._stop.push(text)
        text, stopped = self._answer_stop.push(text)
        if ended and not stopped:
            rest, _ = self._answer_stop.flush()
            text += rest
        return text, ended or stopped

    @property
    def is_silent(self) -> bool:
        """Whether tokens yield no text and no grammar masks any."""
        return self._stream is None and self.grammar is None

    @property
    def _complete(self) -> bool:
        return self.grammar is not None and self.grammar.is_complete
