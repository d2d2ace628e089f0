"""Mistral's tool calls: both generations, whole and cut anywhere, what is plain text, what is written."""

from __future__ import annotations

import pytest
from completions import MISTRAL, MISTRAL_CASES, MISTRAL_NAMED, read

from fathom.text.events import AnswerText, Event
from fathom.text.tool_calls.mistral import MistralCalls
from fathom.types import Tool, ToolCall


@pytest.mark.parametrize(("text", "events"), MISTRAL_CASES)
def test_calls(text: str, events: list[Event]) -> None:
    assert read([text], MISTRAL) == events
    assert read([text], MISTRAL_NAMED) == events
    assert read([*text], MISTRAL) == events


def test_the_space_of_older_templates_is_layout() -> None:
    assert read([" Hello"], MISTRAL) == [AnswerText("Hello")]
    assert read([" Hello"], MISTRAL_NAMED) == [AnswerText(" Hello")]


def test_calls_as_written() -> None:
    calls = (ToolCall("1", "f", '{"a": 1}'), ToolCall("2", "g", "{}"))
    assert MistralCalls().syntax.write(calls) == (
        '[TOOL_CALLS][{"name": "f", "arguments": {"a": 1}}, {"name": "g", "arguments": {}}]'
    )
    assert MistralCalls(named=True).syntax.write(calls) == '[TOOL_CALLS]f[ARGS]{"a": 1}[TOOL_CALLS]g[ARGS]{}'


def test_instructions_name_the_tools_and_the_marker() -> None:
    text = MistralCalls().instructions([Tool("f", "does it")])
    assert '{"name": "f", "description": "does it", "parameters": {}}' in text
    assert '[TOOL_CALLS][{"name"' in text
