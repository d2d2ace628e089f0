"""Messages and tools as dictionaries, and how a template expects the arguments of calls."""

from __future__ import annotations

import jinja2
import pytest

from fathom.text.template.data import argument_style, message_data, tool_data
from fathom.types import Message, Tool, ToolCall

CALLED = Message("assistant", "", "Hm.", (ToolCall("1", "f", '{"x": 1}'), ToolCall("2", "g", "{")))


def test_a_message_has_only_the_keys_that_have_a_value() -> None:
    assert message_data(Message("user", "Hi"), arguments="text") == {"role": "user", "content": "Hi"}
    answer = message_data(Message("tool", "4", tool_call_id="1", name="f"), arguments="text")
    assert answer == {"role": "tool", "content": "4", "tool_call_id": "1", "name": "f"}


@pytest.mark.parametrize(("style", "first"), [("text", '{"x": 1}'), ("object", {"x": 1})])
def test_arguments_as_text_or_as_object(style: str, first: object) -> None:
    data = message_data(CALLED, arguments=style)  # type: ignore[arg-type]
    assert data["reasoning_content"] == data["thinking"] == "Hm."
    assert [call["function"]["arguments"] for call in data["tool_calls"]] == [first, "{"]  # invalid JSON stays text


def test_a_tool() -> None:
    function = {"name": "f", "description": "does", "parameters": {"type": "object"}}
    assert tool_data(Tool("f", "does", {"type": "object"})) == {"type": "function", "function": function}


@pytest.mark.parametrize(
    ("source", "style"),
    [
        ("{{ call.function.arguments }}", "text"),
        ("{{ call.function.arguments | tojson }}", "object"),
        ("{% set args = call['arguments'] %}{{ args | items }}", "object"),
        (
            "{% if call.arguments is string %}{{ call.arguments }}{% else %}{{ call.arguments | tojson }}{% endif %}",
            "text",
        ),
    ],
)
def test_the_style_is_read_from_the_template(source: str, style: str) -> None:
    assert argument_style(jinja2.Environment().parse(source)) == style
