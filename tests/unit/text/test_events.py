"""Parser events: merged with their neighbours, and assembled to a message."""

from __future__ import annotations

from fathom.text.events import (
    AnswerText,
    AnswerWasThinking,
    Event,
    ThinkingText,
    ToolCallArguments,
    ToolCallEnded,
    ToolCallStarted,
    assemble_message,
    coalesce,
)
from fathom.types import Message, ToolCall

STREAM: list[Event] = [
    ThinkingText("H"),
    ThinkingText("m."),
    AnswerText("So"),
    AnswerText(":"),
    ToolCallStarted(0, "a", "f"),
    ToolCallArguments(0, '{"x"'),
    ToolCallArguments(0, ": 1}"),
    ToolCallEnded(0),
    ToolCallStarted(1, "b", "g"),
    ToolCallEnded(1),
]


def test_neighbours_of_one_kind_are_merged() -> None:
    assert list(coalesce(STREAM)) == [
        ThinkingText("Hm."),
        AnswerText("So:"),
        ToolCallStarted(0, "a", "f"),
        ToolCallArguments(0, '{"x": 1}'),
        ToolCallEnded(0),
        ToolCallStarted(1, "b", "g"),
        ToolCallEnded(1),
    ]
    assert list(coalesce([])) == []


def test_arguments_of_two_calls_are_not_merged() -> None:
    events = [ToolCallArguments(0, "a"), ToolCallArguments(1, "b")]
    assert list(coalesce(events)) == events


def test_a_message_has_all_that_the_events_say() -> None:
    calls = (ToolCall("a", "f", '{"x": 1}'), ToolCall("b", "g", ""))
    assert assemble_message(STREAM) == Message("assistant", "So:", "Hm.", calls)
    assert assemble_message([]) == Message("assistant")


def test_an_answer_that_was_thinking() -> None:
    events = [AnswerText("Hm."), AnswerText(" So."), AnswerWasThinking(), AnswerText("Yes")]
    assert assemble_message(events) == Message("assistant", "Yes", "Hm. So.")
    assert list(coalesce(events)) == [AnswerText("Hm. So."), AnswerWasThinking(), AnswerText("Yes")]
