"""Llama tool calls: what is parsed, what is plain text, what is written."""

from __future__ import annotations

import pytest
from completions import LLAMA3, LLAMA_CASES, read

from fathom.text.events import Event
from fathom.text.tool_calls.llama import LlamaCalls
from fathom.types import Tool, ToolCall


@pytest.mark.parametrize(("text", "events"), LLAMA_CASES)
def test_llama_calls(text: str, events: list[Event]) -> None:
    assert read([text], LLAMA3) == events


def test_calls_as_written() -> None:
    calls = (ToolCall("1", "f", '{"a": 1}'), ToolCall("2", "g", "{}"))
    assert LlamaCalls().syntax.write(calls) == '{"name": "f", "parameters": {"a": 1}}; {"name": "g", "parameters": {}}'


def test_instructions_ask_for_a_bare_object() -> None:
    text = LlamaCalls().instructions([Tool("f")])
    assert '{"name": "f", "description": "", "parameters": {}}' in text
    assert text.endswith('{"name": "the function", "parameters": {"the argument": "its value"}}')
