"""The state of one choice while it is generated: its text parser and its token counts."""

from __future__ import annotations

from collections.abc import Sequence

from fathom.engine.request import Chunk
from fathom.server.errors import StoppingError
from fathom.server.generation.events import GenerationDelta
from fathom.text.events import AnswerText, Event, ThinkingText, ToolCallStarted
from fathom.text.parser import Parser
from fathom.types import Usage


class ChoiceState:
    """Turns the chunks of one choice into deltas. Without a ``parser`` all text is answer text."""

    def __init__(self, parser: Parser | None = None, thinking: bool = False) -> None:
        self.finished = False
        self.has_called = False
        self.completion_tokens = 0
        self.reasoning_tokens = 0
        self.cached_tokens = 0
        self._parser = parser
        self._thinking = thinking

    def push(self, chunk: Chunk) -> GenerationDelta:
        """Raises StoppingError for a chunk that the engine cut off because it was closed."""
        if chunk.finish_reason == "cancelled":
            raise StoppingError
        events = self._parse(chunk)
        # text lags behind tokens, so a chunk without events belongs where the last one was
        thought = any(isinstance(event, ThinkingText) for event in events) or (self._thinking and not events)
        if events:
            self._thinking = isinstance(events[-1], ThinkingText)
        self.has_called = self.has_called or any(isinstance(event, ToolCallStarted) for event in events)
        self.completion_tokens += len(chunk.token_ids)
        self.reasoning_tokens += len(chunk.token_ids) if thought else 0
        self.cached_tokens = max(self.cached_tokens, chunk.cached_tokens)
        return GenerationDelta(chunk.index, events, chunk.token_ids, chunk.logprobs, thought)

    def _parse(self, chunk: Chunk) -> tuple[Event, ...]:
        if self._parser is None:
            return (AnswerText(chunk.text),) if chunk.text else ()
        events = self._parser.push(chunk.text) if chunk.text else []
        if chunk.finish_reason:
            events = [*events, *self._parser.finish()]
        return tuple(events)


def usage(prompt: Sequence[int], choices: Sequence[ChoiceState]) -> Usage:
    """Usage of one prompt and its choices. The prompt counts once, however many completions it has."""
    return Usage(
        prompt_tokens=len(prompt),
        cached_tokens=max(choice.cached_tokens for choice in choices),
        completion_tokens=sum(choice.completion_tokens for choice in choices),
        reasoning_tokens=sum(choice.reasoning_tokens for choice in choices),
    )
