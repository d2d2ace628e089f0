"""Messages and tools as the dictionaries that chat templates expect.

Templates test for keys (`'tool_calls' in message`), so a key is present only if it has a value.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from fathom.text.tool_calls.arguments import arguments_object, arguments_text
from fathom.types import Message, Tool

ArgumentStyle = Literal["text", "object"]


@dataclass(frozen=True, slots=True)
class CallStyle:
    """How a template expects past tool calls: ``arguments`` as JSON text or as the parsed object; with
    ``null_content`` the content of a message that only calls is none, not empty. With ``metadata`` a message has one
    call: the name is its metadata, the arguments its content, and the result is an observation (GLM-4)."""

    arguments: ArgumentStyle = "text"
    null_content: bool = False
    metadata: bool = False


def message_data(message: Message, style: CallStyle) -> dict[str, Any]:
    """A message in the form of the OpenAI API, or with the metadata of GLM-4."""
    if style.metadata and message.tool_calls:
        call = message.tool_calls[0]
        return {"role": message.role, "metadata": call.name, "content": arguments_text(call.arguments)}
    if style.metadata and message.role == "tool":
        return {"role": "observation", "content": message.content}
    data: dict[str, Any] = {"role": message.role, "content": message.content}
    if message.reasoning is not None:
        data["reasoning_content"] = message.reasoning
        data["thinking"] = message.reasoning  # the name that gpt-oss's template reads
    if message.tool_calls:
        if style.null_content and not message.content:
            data["content"] = None
        data["tool_calls"] = [
            {
                "type": "function",
                "id": call.id,
                "function": {"name": call.name, "arguments": _arguments(call.arguments, style.arguments)},
            }
            for call in message.tool_calls
        ]
    if message.tool_call_id is not None:
        data["tool_call_id"] = message.tool_call_id
    if message.name is not None:
        data["name"] = message.name
    return data


def content_as_parts(data: dict[str, Any]) -> dict[str, Any]:
    """The same message with its text as a list of one part."""
    content = data["content"]
    return {**data, "content": [{"type": "text", "text": content}]} if isinstance(content, str) else data


def tool_data(tool: Tool) -> dict[str, Any]:
    """A tool in the form of the OpenAI API."""
    function = {"name": tool.name, "description": tool.description, "parameters": dict(tool.parameters)}
    return {"type": "function", "function": function}


def _arguments(text: str, style: ArgumentStyle) -> Any:
    value = arguments_object(text) if style == "object" else None
    return arguments_text(text) if value is None else value
