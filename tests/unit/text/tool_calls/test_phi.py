"""Phi-4-mini's tool calls: between tags or after "functools", what is plain text, what is written."""

from __future__ import annotations

import pytest
from completions import PHI4, PHI_CASES, read

from fathom.text.events import Event
from fathom.text.tool_calls.phi import PhiCalls
from fathom.types import Tool, ToolCall


@pytest.mark.parametrize(("text", "events"), PHI_CASES)
def test_calls(text: str, events: list[Event]) -> None:
    assert read([text], PHI4) == events
    assert read([*text], PHI4) == events


def test_calls_as_written() -> None:
    calls = (ToolCall("1", "f", '{"a": 1}'), ToolCall("2", "g", "{}"))
    assert PhiCalls().syntax.write(calls) == (
        '<|tool_call|>[{"name": "f", "arguments": {"a": 1}}, {"name": "g", "arguments": {}}]<|/tool_call|>'
    )


def test_tools_are_described_as_on_the_model_s_card() -> None:
    assert PhiCalls().instructions([Tool("f", "does it"), Tool("g")]) == (
        "You are a helpful assistant with some tools.<|tool|>["
        '{"name": "f", "description": "does it", "parameters": {}}, '
        '{"name": "g", "description": "", "parameters": {}}]<|/tool|>'
    )
