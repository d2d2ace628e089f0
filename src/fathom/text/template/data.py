"""Messages and tools as the dictionaries that chat templates expect.

Templates test for keys (`'tool_calls' in message`), so a key is present only if it has a value. Templates disagree on
the arguments of past tool calls: some write the text as it is, some pass an object to `tojson`, which would quote a
text twice. Which of the two is determined from the template's syntax tree.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Literal

import jinja2.nodes as syntax

from fathom.types import Message, Tool

ArgumentStyle = Literal["text", "object"]

_OBJECT_FILTERS = ("tojson", "items", "dictsort")


def message_data(message: Message, *, arguments: ArgumentStyle) -> dict[str, Any]:
    """``arguments``: whether tool calls have their arguments as JSON text or as the parsed object."""
    data: dict[str, Any] = {"role": message.role, "content": message.content}
    if message.reasoning is not None:
        data["reasoning_content"] = message.reasoning
        data["thinking"] = message.reasoning  # the name that gpt-oss's template reads
    if message.tool_calls:
        data["tool_calls"] = [
            {
                "type": "function",
                "id": call.id,
                "function": {"name": call.name, "arguments": _arguments(call.arguments, arguments)},
            }
            for call in message.tool_calls
        ]
    if message.tool_call_id is not None:
        data["tool_call_id"] = message.tool_call_id
    if message.name is not None:
        data["name"] = message.name
    return data


def tool_data(tool: Tool) -> dict[str, Any]:
    """A tool in the form of the OpenAI API."""
    function = {"name": tool.name, "description": tool.description, "parameters": dict(tool.parameters)}
    return {"type": "function", "function": function}


def _arguments(text: str, style: ArgumentStyle) -> Any:
    if style == "text":
        return text
    try:
        return json.loads(text)
    except ValueError:  # the model wrote invalid JSON: pass it as it is
        return text


def argument_style(tree: syntax.Template) -> ArgumentStyle:
    """``object`` if the template filters arguments as an object and never tests whether they are text."""
    aliases = _aliases(tree)
    filtered = any(
        _is_arguments(node.node, aliases) for node in tree.find_all(syntax.Filter) if node.name in _OBJECT_FILTERS
    )
    asks = any(_is_arguments(node.node, aliases) for node in tree.find_all(syntax.Test) if node.name == "string")
    return "object" if filtered and not asks else "text"


def _aliases(tree: syntax.Template) -> frozenset[str]:
    """Variables that the template assigns arguments to (`set args = call.function.arguments`)."""
    return frozenset(_assigned_names(tree))


def _assigned_names(tree: syntax.Template) -> Iterator[str]:
    for assignment in tree.find_all(syntax.Assign):
        if isinstance(assignment.target, syntax.Name) and _is_arguments(assignment.node, frozenset()):
            yield assignment.target.name


def _is_arguments(node: syntax.Node | None, aliases: frozenset[str]) -> bool:
    if isinstance(node, syntax.Getattr):
        return node.attr == "arguments"
    if isinstance(node, syntax.Getitem):
        return isinstance(node.arg, syntax.Const) and node.arg.value == "arguments"
    return isinstance(node, syntax.Name) and node.name in aliases
