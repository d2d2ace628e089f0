"""One message of a record, in OpenAI's form or ShareGPT's, and whether it is to be learned."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from fathom.base.errors import DataError
from fathom.data.samples.values import content_text, first_string, first_value, kind_of, parse_json_text
from fathom.text import markers
from fathom.types import Message, Role, Tool, ToolCall

REASONING = ("reasoning_content", "reasoning", "think", "thinking")
MARKS = ("weight", "train", "training", "trainable", "loss", "loss_mask", "loss_scale")
"""Fields of a message by which tools exclude it from what is learned: 0 or false."""

OPPOSITE_MARKS = ("masked", "mask", "ignore")
"""Those that exclude it by 1 or true."""

_ROLES: Mapping[str, Role] = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "human": "user",
    "prompter": "user",
    "assistant": "assistant",
    "gpt": "assistant",
    "chatgpt": "assistant",
    "model": "assistant",
    "bot": "assistant",
    "chatbot": "assistant",
    "ai": "assistant",
    "function_call": "assistant",
    "tool_call": "assistant",
    "tool": "tool",
    "tool_response": "tool",
    "function": "tool",
    "function_response": "tool",
    "observation": "tool",
    "ipython": "tool",
}
_CALL_ROLES = frozenset({"function_call", "tool_call"})
"""Roles of ShareGPT's form whose text is the JSON of a call."""


def parse_message(entry: Any) -> Message | None:
    """The message in ``entry``; None for a system prompt that is null, which is none. Raises DataError, with what is
    missing or not text.
    """
    if not isinstance(entry, Mapping):
        raise DataError("one of its messages is not an object")
    name = first_value(entry, ("role", "from"))
    word = name.strip().lower() if isinstance(name, str) else ""
    role = _ROLES.get(word)
    if role is None:
        raise DataError(f"a message has the role {name!r}")
    content = content_text(first_value(entry, ("content", "value", "text")), f"a {role} message")
    if role == "assistant":
        return _assistant_message(entry, content, is_call=word in _CALL_ROLES)
    if content is None and role == "system":
        return None
    if content is None and role == "user":
        raise DataError("the content of a user message is missing")
    return Message(
        role, content or "", tool_call_id=_string(entry.get("tool_call_id")), name=_string(entry.get("name"))
    )


def assistant(content: str, reasoning: str | None, calls: tuple[ToolCall, ...] = ()) -> Message:
    """An assistant's message, its reasoning split off. Raises DataError where there is nothing in it."""
    if reasoning is None:
        reasoning, content = split_reasoning(content)
    if not content.strip() and not calls:
        raise DataError("an answer is empty")
    return Message("assistant", content, reasoning=reasoning, tool_calls=calls)


def split_reasoning(content: str) -> tuple[str | None, str]:
    """The reasoning at the beginning of an answer, between its tags, and the rest; None if there is none."""
    opened = content.lstrip()
    if not opened.startswith(markers.THINK_OPEN) or markers.THINK_CLOSE not in opened:
        return None, content
    reasoning, _, answer = opened.removeprefix(markers.THINK_OPEN).partition(markers.THINK_CLOSE)
    return reasoning.strip("\r\n"), answer.lstrip("\r\n")


def is_marked_out(entry: Mapping[str, Any]) -> bool:
    """Whether a field of the message excludes it from what is learned. Raises DataError for a mark that is neither yes
    nor no, and for marks on parts of a message.
    """
    if entry.get("train_detail"):
        raise DataError("a message is to be learned in parts (train_detail), and turns are learned whole")
    learned = [_mark(name, entry[name]) for name in MARKS if entry.get(name) is not None]
    ignored = [_mark(name, entry[name]) for name in OPPOSITE_MARKS if entry.get(name) is not None]
    return False in learned or True in ignored


def parse_tools(listed: Any) -> tuple[Tool, ...]:
    """The tools on offer: a list, or its JSON text, of functions with or without their envelope."""
    listed = parse_json_text(listed)
    if not listed:
        return ()
    tools = []
    for entry in listed if isinstance(listed, list) else [listed]:
        function = _function(entry)
        if function is None:
            raise DataError("a tool has no name")
        parameters = parse_json_text(function.get("parameters"))
        described = parameters if isinstance(parameters, Mapping) else {}
        tools.append(Tool(function["name"], _string(function.get("description")) or "", described))
    return tuple(tools)


def _assistant_message(entry: Mapping[str, Any], content: str | None, *, is_call: bool) -> Message:
    listed = content if is_call else first_value(entry, ("tool_calls", "function_call"))
    calls = _parse_calls(listed)
    if is_call and not calls:
        raise DataError("a function call is not the JSON of one")
    if is_call or content is None:
        content = _string(entry.get("refusal")) or ""
    return assistant(content, first_string(entry, REASONING), calls)


def _parse_calls(listed: Any) -> tuple[ToolCall, ...]:
    listed = parse_json_text(listed)
    if not listed:
        return ()
    calls = []
    for number, entry in enumerate(listed if isinstance(listed, list) else [listed]):
        function = _function(entry)
        if function is None:
            raise DataError("a tool call has no name")
        arguments = first_value(function, ("arguments", "parameters"))
        text = arguments if isinstance(arguments, str) else json.dumps(arguments or {}, ensure_ascii=False)
        identity = _string(entry.get("id")) if isinstance(entry, Mapping) else None
        calls.append(ToolCall(identity or f"call_{number}", function["name"], text))
    return tuple(calls)


def _function(entry: Any) -> Mapping[str, Any] | None:
    """The function in a tool or a call, out of its envelope; None where there is none with a name."""
    entry = parse_json_text(entry)
    inner = parse_json_text(entry.get("function")) if isinstance(entry, Mapping) else None
    function = inner if isinstance(inner, Mapping) else entry
    return function if isinstance(function, Mapping) and isinstance(function.get("name"), str) else None


def _mark(name: str, value: Any) -> bool:
    text = value.strip().lower() if isinstance(value, str) else value
    if text in (0, "0", "false"):
        return False
    if text in (1, "1", "true"):
        return True
    shown = kind_of(value) if isinstance(value, Mapping | Sequence) and not isinstance(value, str) else repr(value)
    raise DataError(f"the {name} of a message is {shown}, and a turn is learned or not: 1 or 0")


def _string(value: Any) -> str | None:
    return value if isinstance(value, str) else None
