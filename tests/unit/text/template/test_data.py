"""Messages and tools as dictionaries."""

from __future__ import annotations

import pytest

from fathom.text.template.data import CallStyle, content_as_parts, message_data, tool_data
from fathom.types import Message, Tool, ToolCall

CALLED = Message("assistant", "", "Hm.", (ToolCall("1", "f", '{"x": 1}'), ToolCall("2", "g", "{")))


def test_a_message_has_only_the_keys_that_have_a_value() -> None:
    assert message_data(Message("user", "Hi"), CallStyle()) == {"role": "user", "content": "Hi"}
    answer = message_data(Message("tool", "4", tool_call_id="1", name="f"), CallStyle())
    assert answer == {"role": "tool", "content": "4", "tool_call_id": "1", "name": "f"}


@pytest.mark.parametrize(("style", "first"), [("text", '{"x": 1}'), ("object", {"x": 1})])
def test_arguments_as_text_or_as_object(style: str, first: object) -> None:
    data = message_data(CALLED, CallStyle(style))  # type: ignore[arg-type]
    assert data["reasoning_content"] == data["thinking"] == "Hm."
    assert [call["function"]["arguments"] for call in data["tool_calls"]] == [first, "{"]  # invalid JSON stays text


@pytest.mark.parametrize(("style", "arguments"), [("text", "{}"), ("object", {})])
def test_no_arguments_are_an_empty_object(style: str, arguments: object) -> None:
    data = message_data(Message("assistant", tool_calls=(ToolCall("1", "f", ""),)), CallStyle(style))  # type: ignore[arg-type]
    assert data["tool_calls"][0]["function"]["arguments"] == arguments


def test_content_is_none_only_where_the_message_only_calls() -> None:
    style = CallStyle(null_content=True)
    assert message_data(CALLED, style)["content"] is None
    assert message_data(Message("assistant", "a", None, CALLED.tool_calls), style)["content"] == "a"
    assert message_data(Message("assistant"), style)["content"] == ""


def test_a_call_as_metadata() -> None:
    style = CallStyle(metadata=True)
    assert message_data(CALLED, style) == {"role": "assistant", "metadata": "f", "content": '{"x": 1}'}
    assert message_data(Message("tool", "4", tool_call_id="1"), style) == {"role": "observation", "content": "4"}
    assert message_data(Message("user", "Hi"), style) == {"role": "user", "content": "Hi"}


def test_content_as_parts() -> None:
    assert content_as_parts({"role": "user", "content": "Hi"}) == {
        "role": "user",
        "content": [{"type": "text", "text": "Hi"}],
    }
    assert content_as_parts({"role": "assistant", "content": None}) == {"role": "assistant", "content": None}


def test_a_tool() -> None:
    function = {"name": "f", "description": "does", "parameters": {"type": "object"}}
    assert tool_data(Tool("f", "does", {"type": "object"})) == {"type": "function", "function": function}
