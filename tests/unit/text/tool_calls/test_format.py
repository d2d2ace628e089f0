"""The JSON that all tool-call formats share."""

from __future__ import annotations

from fathom.text.tool_calls.format import CallSyntax, tool_lines
from fathom.types import Tool, ToolCall


def test_a_call_keeps_its_arguments_as_written() -> None:
    syntax = CallSyntax(key="parameters", begin="[", head="<", tail=">", between=", ", end="]")
    call = ToolCall("1", 'a"b', '{"x":  1')
    assert (
        syntax.write([call, call])
        == '[<{"name": "a\\"b", "parameters": {"x":  1}>, <{"name": "a\\"b", "parameters": {"x":  1}>]'
    )


def test_the_text_around_arguments() -> None:
    assert CallSyntax(head="<", tail=">").around("f") == ('<{"name": "f", "arguments": ', "}>")
    assert CallSyntax(key=None, head="{name}\n", tail=".").around("f") == ("f\n", ".")


def test_tools_one_a_line() -> None:
    lines = tool_lines([Tool("f", "läuft", {"type": "object"}), Tool("g")])
    assert lines == (
        '{"name": "f", "description": "läuft", "parameters": {"type": "object"}}\n'
        '{"name": "g", "description": "", "parameters": {}}'
    )
