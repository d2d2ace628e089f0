"""One message of a record: roles and contents of several tools, calls, and marks of what is not learned."""

from typing import Any

import pytest

from fathom.base.errors import DataError
from fathom.data.samples.messages import is_marked_out, parse_message, parse_tools
from fathom.types import Message, Tool, ToolCall

ADD = (ToolCall("call_0", "add", '{"x": 1}'),)


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ({"role": "User", "content": "hi"}, Message("user", "hi")),
        ({"role": None, "from": "human", "value": "hi"}, Message("user", "hi")),
        ({"from": "prompter", "text": "hi"}, Message("user", "hi")),
        ({"from": "chatgpt", "value": "ho"}, Message("assistant", "ho")),
        ({"from": "bot", "value": 42}, Message("assistant", "42")),
        ({"role": "developer", "content": "S"}, Message("system", "S")),
        ({"role": "system", "content": None}, None),
        ({"role": "tool", "content": None, "tool_call_id": "a"}, Message("tool", "", tool_call_id="a")),
        ({"from": "observation", "value": "2"}, Message("tool", "2")),
        ({"role": "function", "name": "add", "content": "2"}, Message("tool", "2", name="add")),
        (
            {"from": "function_call", "value": '{"name": "add", "arguments": {"x": 1}}'},
            Message("assistant", tool_calls=ADD),
        ),
        (
            {"role": "assistant", "content": None, "function_call": {"name": "add", "arguments": '{"x": 1}'}},
            Message("assistant", tool_calls=ADD),
        ),
        (
            {"role": "assistant", "content": "so", "tool_calls": '[{"name": "add", "arguments": {"x": 1}}]'},
            Message("assistant", "so", tool_calls=ADD),
        ),
        (
            {"role": "assistant", "content": "", "tool_calls": [{"id": "a", "function": {"name": "f"}}]},
            Message("assistant", tool_calls=(ToolCall("a", "f", "{}"),)),
        ),
        ({"role": "assistant", "content": None, "refusal": "I cannot"}, Message("assistant", "I cannot")),
        ({"role": "assistant", "content": "ho", "thinking": True}, Message("assistant", "ho")),
    ],
)
def test_a_message(entry: dict[str, Any], expected: Message | None) -> None:
    assert parse_message(entry) == expected


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"role": "user", "content": None}, "the content of a user message is missing"),
        ({"role": "assistant", "content": None}, "an answer is empty"),
        ({"from": "function_call", "value": "add 1"}, "a tool call has no name"),
        ({"from": "function_call", "value": ""}, "a function call is not the JSON of one"),
        ({"role": ["user"], "content": "hi"}, r"a message has the role \['user'\]"),
    ],
)
def test_a_message_that_is_refused(entry: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError, match=message):
        parse_message(entry)


@pytest.mark.parametrize("name", ["weight", "train", "training", "trainable", "loss", "loss_mask", "loss_scale"])
def test_a_mark_excludes_a_turn(name: str) -> None:
    for value in (0, 0.0, False, "0", "false", "False"):
        assert is_marked_out({name: value})
    for value in (1, 1.0, True, "1", "true", None):
        assert not is_marked_out({name: value})


@pytest.mark.parametrize("name", ["masked", "mask", "ignore"])
def test_a_mark_of_the_opposite_sense(name: str) -> None:
    assert is_marked_out({name: True})
    assert is_marked_out({name: 1})
    assert not is_marked_out({name: False})


def test_one_mark_of_several_is_enough() -> None:
    assert is_marked_out({"weight": 1, "train": False})


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"weight": 0.5}, "the weight of a message is 0.5, and a turn is learned or not: 1 or 0"),
        ({"loss_mask": [1, 0]}, "the loss_mask of a message is a list"),
        ({"train_detail": [{"begin_offset": 0, "end_offset": 2, "train": False}]}, "is to be learned in parts"),
    ],
)
def test_a_mark_that_cannot_be_followed_is_refused(entry: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError, match=message):
        is_marked_out(entry)


def test_tools_may_be_json_text() -> None:
    tool = Tool("add", "adds", {"type": "object"})
    inner = {"name": "add", "description": "adds", "parameters": {"type": "object"}}
    texts = (
        '[{"type": "function", "function": {"name": "add", "description": "adds", "parameters": {"type": "object"}}}]'
    )
    assert parse_tools([inner]) == parse_tools(inner) == parse_tools(texts) == (tool,)
    assert parse_tools([inner | {"parameters": '{"type": "object"}'}]) == (tool,)
    assert parse_tools(None) == parse_tools("") == parse_tools("[]") == ()
