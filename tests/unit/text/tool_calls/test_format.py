"""The JSON that all tool-call formats share."""

from __future__ import annotations

from fathom.text.tool_calls.format import call_object, tool_lines
from fathom.types import Tool, ToolCall


def test_a_call_keeps_its_arguments_as_written() -> None:
    assert call_object(ToolCall("1", 'a"b', '{"x":  1'), "parameters") == '{"name": "a\\"b", "parameters": {"x":  1}'


def test_tools_one_a_line() -> None:
    lines = tool_lines([Tool("f", "läuft", {"type": "object"}), Tool("g")])
    assert lines == (
        '{"name": "f", "description": "läuft", "parameters": {"type": "object"}}\n'
        '{"name": "g", "description": "", "parameters": {}}'
    )
