"""The events of a parsed completion stream."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias

from fathom.types import Message, ToolCall

Phase = Literal["thinking", "answer", "tool_call"]
"""The part of the completion that the model is writing."""


@dataclass(frozen=True, slots=True)
class ThinkingText:
    """More of the reasoning."""

    text: str


@dataclass(frozen=True, slots=True)
class AnswerText:
    """More of the answer."""

    text: str


@dataclass(frozen=True, slots=True)
class ToolCallStarted:
    """The model calls ``name``. ``index`` counts the calls of this completion from 0."""

    index: int
    id: str
    name: str


@dataclass(frozen=True, slots=True)
class ToolCallArguments:
    """More of the arguments' JSON text."""

    index: int
    text: str


@dataclass(frozen=True, slots=True)
class ToolCallEnded:
    """The arguments are ``complete``, or the completion ended within them."""

    index: int
    complete: bool = True


@dataclass(frozen=True, slots=True)
class AnswerWasThinking:
    """All answer text so far was thinking: the model closed a thinking that it had not opened."""


class TextSpan(NamedTuple):
    """Characters [start, end) of a completion that are part of its thinking, or else of its answer."""

    start: int
    end: int
    thinking: bool


Event: TypeAlias = ThinkingText | AnswerText | AnswerWasThinking | ToolCallStarted | ToolCallArguments | ToolCallEnded


def coalesce(events: Iterable[Event]) -> Iterator[Event]:
    """Merge adjacent pieces of the same text: the result does not depend on how the stream was split."""
    last: Event | None = None
    for event in events:
        joined = _merge_events(last, event)
        if joined is None and last is not None:
            yield last
        last = joined or event
    if last is not None:
        yield last


def _merge_events(last: Event | None, event: Event) -> Event | None:
    match last, event:
        case ThinkingText(before), ThinkingText(text):
            return ThinkingText(before + text)
        case AnswerText(before), AnswerText(text):
            return AnswerText(before + text)
        case ToolCallArguments(index, before), ToolCallArguments(same, text) if index == same:
            return ToolCallArguments(index, before + text)
    return None


def assemble_message(events: Iterable[Event]) -> Message:
    """The assistant's message that the events describe."""
    thinking: list[str] = []
    answer: list[str] = []
    started: list[ToolCallStarted] = []
    arguments: list[list[str]] = []
    for event in events:
        match event:
            case ThinkingText(text):
                thinking.append(text)
            case AnswerText(text):
                answer.append(text)
            case AnswerWasThinking():
                thinking += answer
                answer.clear()
            case ToolCallStarted():
                started.append(event)
                arguments.append([])
            case ToolCallArguments(index, text):
                arguments[index].append(text)
    calls = (ToolCall(call.id, call.name, "".join(parts)) for call, parts in zip(started, arguments, strict=True))
    return Message("assistant", "".join(answer), "".join(thinking) or None, tuple(calls))
