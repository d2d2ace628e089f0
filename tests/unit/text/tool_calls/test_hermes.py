"""Hermes tool calls: what is parsed, what is plain text, what is written."""

from __future__ import annotations

import pytest
from completions import CHATML, HERMES_CASES, read

from fathom.text.events import Event
from fathom.text.tool_calls.hermes import HermesCalls
from fathom.types import Tool, ToolCall


@pytest.mark.parametrize(("text", "events"), HERMES_CASES)
def test_hermes_calls(text: str, events: list[Event]) -> None:
    assert read([text], CHATML) == events


def test_calls_as_written() -> None:
    calls = (ToolCall("1", "f", '{"a": 1}'), ToolCall("2", "é", "{}"))
    assert HermesCalls().syntax.write(calls) == (
        '<tool_call>\n{"name": "f", "arguments": {"a": 1}}\n</tool_call>\n'
        '<tool_call>\n{"name": "é", "arguments": {}}\n</tool_call>'
    )


def test_instructions_name_the_tools_and_the_tags() -> None:
    text = HermesCalls().instructions([Tool("f", "does it", {"type": "object"})])
    assert '<tools>\n{"name": "f", "description": "does it", "parameters": {"type": "object"}}\n</tools>' in text
    assert text.endswith("</tool_call>")
