"""The state of one choice while it is generated: its text parser, its token counts, its log-probabilities."""

from __future__ import annotations

from collections.abc import Sequence

from fathom.engine.request import Chunk
from fathom.server.errors import StoppingError
from fathom.server.generation.events import GenerationDelta
from fathom.server.generation.shown_tokens import ShownToken, ShownTokens
from fathom.text.events import (
    AnswerText,
    AnswerWasThinking,
    Event,
    TextSpan,
    ThinkingText,
    ToolCallEnded,
    ToolCallStarted,
)
from fathom.text.parser import Parser
from fathom.types import FinishReason, Usage


class ChoiceState:
    """Turns the chunks of one choice into deltas. Without a ``parser`` all text is answer text. After ``most_calls``
    complete tool calls nothing more is passed on.

    ``hidden``: ids that yield no text, whose log-probabilities are left out as those of all tokens without text are;
    None: every token is reported.
    """

    def __init__(
        self,
        parser: Parser | None = None,
        thinking: bool = False,
        hidden: frozenset[int] | None = frozenset(),
        *,
        most_calls: int | None = None,
    ) -> None:
        self.finished = False
        self.calls = 0
        self.ended_calls = 0
        self.completion_tokens = 0
        self.reasoning_tokens = 0
        self.cached_tokens = 0
        self._parser = parser
        self._thinking = thinking
        self._most_calls = most_calls
        self._tokens = None if hidden is None else ShownTokens(hidden)
        self._length = 0
        self._logprob = 0.0

    @property
    def mean_logprob(self) -> float:
        """Of the tokens so far, where log-probabilities were requested."""
        return self._logprob / max(self.completion_tokens, 1)

    def push(self, chunk: Chunk) -> GenerationDelta:
        """Raises StoppingError for a chunk that the engine cut off because it was closed."""
        if chunk.finish_reason == "cancelled":
            raise StoppingError
        events = self._up_to_the_last_call(self._parse(chunk))
        shown = self._take_spans(chunk)
        # text lags behind tokens, so a chunk without events belongs where the last one was
        thought = any(isinstance(event, ThinkingText) for event in events) or (self._thinking and not events)
        if thought or (self._thinking and shown):
            self.reasoning_tokens += _tokens_before_answer(chunk, shown)
        if events:
            self._thinking = isinstance(events[-1], ThinkingText)
        self.calls += sum(isinstance(event, ToolCallStarted) for event in events)
        self.ended_calls += sum(isinstance(event, ToolCallEnded) and event.complete for event in events)
        self.completion_tokens += len(chunk.token_ids)
        if any(isinstance(event, AnswerWasThinking) for event in events):
            self.reasoning_tokens = self.completion_tokens
        self.cached_tokens = max(self.cached_tokens, chunk.cached_tokens)
        self._logprob += sum(entry.logprob for entry in chunk.logprobs)
        return GenerationDelta(chunk.index, events, chunk.token_ids, self._logprobs(chunk, shown, thought))

    @property
    def has_called_enough(self) -> bool:
        """Whether the last call that the client allows is complete: nothing may follow it."""
        return self._most_calls is not None and self.ended_calls >= self._most_calls

    def finish_reason(self, ended: FinishReason | None, *, stop_strings: bool) -> FinishReason:
        """Why the choice is finished, where its tokens ended for the reason ``ended`` (None: they need not go on).

        Calls are the reason only if they can be run: not where the token limit, or a stop string of the client, has cut
        one off.
        """
        if self.has_called_enough:
            return "tool_calls"
        if ended == "length" or not self.calls:
            return ended or "stop"
        return "stop" if stop_strings and self.ended_calls < self.calls else "tool_calls"

    def _up_to_the_last_call(self, events: tuple[Event, ...]) -> tuple[Event, ...]:
        """The events without what follows the last call that is allowed: a chunk may hold more."""
        ended = self.ended_calls
        for count, event in enumerate(events, 1):
            ended += isinstance(event, ToolCallEnded) and event.complete
            if self._most_calls is not None and ended >= self._most_calls:
                return events[:count]
        return events

    def _parse(self, chunk: Chunk) -> tuple[Event, ...]:
        if self._parser is None:
            return (AnswerText(chunk.text),) if chunk.text else ()
        events = self._parser.push(chunk.text) if chunk.text else []
        if chunk.finish_reason:
            events = [*events, *self._parser.finish()]
        return tuple(events)

    def _logprobs(self, chunk: Chunk, shown: list[TextSpan], thought: bool) -> tuple[ShownToken, ...]:
        placed = list(zip(chunk.logprobs, chunk.spans, strict=bool(chunk.logprobs)))
        if self._tokens is None:
            return tuple(ShownToken(logprob, start, thought) for logprob, (start, _) in placed)
        return self._tokens.push(placed, shown)

    def _take_spans(self, chunk: Chunk) -> list[TextSpan]:
        """Where the text that this chunk shows is in the completion."""
        if self._parser is not None:
            return self._parser.take_spans()
        start, self._length = self._length, self._length + len(chunk.text)
        return [TextSpan(start, self._length, False)] if chunk.text else []


def _tokens_before_answer(chunk: Chunk, shown: Sequence[TextSpan]) -> int:
    """A chunk of joined or resumed tokens may hold the end of the thinking and the beginning of the answer."""
    answer = next((span.start for span in shown if not span.thinking), None)
    return len(chunk.token_ids) if answer is None else sum(end <= answer for _, end in chunk.spans)


def usage(prompt: Sequence[int], choices: Sequence[ChoiceState]) -> Usage:
    """Usage of one prompt and its choices. The prompt counts once, however many completions it has."""
    return Usage(
        prompt_tokens=len(prompt),
        cached_tokens=max(choice.cached_tokens for choice in choices),
        completion_tokens=sum(choice.completion_tokens for choice in choices),
        reasoning_tokens=sum(choice.reasoning_tokens for choice in choices),
    )
