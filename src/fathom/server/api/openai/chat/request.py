"""A chat request to a `ChatJob`: messages, tools, thinking, response format."""

from __future__ import annotations

from collections.abc import Sequence

from fathom.engine.request import GrammarSpec
from fathom.server.api.openai.common import sampling_overrides
from fathom.server.api.openai.models import THINKING_OF_ALIAS
from fathom.server.api.openai.schemas.chat import (
    AssistantMessage,
    ChatMessage,
    ChatRequest,
    Content,
    JsonObjectFormat,
    JsonSchemaFormat,
    NamedToolChoice,
    ToolMessage,
)
from fathom.server.errors import invalid
from fathom.server.generation.jobs import ChatJob
from fathom.types import Conversation, Effort, Message, Tool, ToolCall

EFFORTS: dict[str, Effort] = {
    "minimal": "low",
    "low": "low",
    "medium": "high",
    "high": "high",
    "xhigh": "high",
    "max": "max",
}


def job_of(body: ChatRequest) -> ChatJob:
    """The job of a request. Raises ApiError where its parameters contradict each other."""
    sampling = sampling_overrides(body)
    if body.max_completion_tokens is not None:
        sampling["max_tokens"] = body.max_completion_tokens
    if body.logprobs:
        sampling["logprobs"] = body.top_logprobs or 0
    elif body.top_logprobs:
        raise invalid("top_logprobs needs logprobs; set logprobs to true", "top_logprobs")
    tools = () if body.tool_choice == "none" else _tools(body)
    call = _call(body, tools)
    grammar = _grammar(body)
    if grammar is not None and tools:
        raise invalid(
            "response_format other than text cannot be combined with tools; set tool_choice to none, or drop one",
            "response_format",
        )
    return ChatJob(
        Conversation(
            messages=tuple(_message(message) for message in body.messages),
            tools=tools,
            thinking=_thinking(body),
            effort=EFFORTS.get(body.reasoning_effort or ""),
            prefill=_prefill(body.messages),
        ),
        sampling,
        grammar,
        call,
        body.parallel_tool_calls is not False,
    )


def _message(message: ChatMessage) -> Message:
    content = _text(message.content)
    if isinstance(message, AssistantMessage):
        calls = tuple(ToolCall(c.id, c.function.name, c.function.arguments) for c in message.tool_calls or ())
        # past reasoning is dropped, except inside a turn that continues after its tool calls
        reasoning = message.reasoning_content if calls or message.prefix else None
        return Message("assistant", content, reasoning, calls, name=message.name)
    if isinstance(message, ToolMessage):
        return Message("tool", content, tool_call_id=message.tool_call_id)
    return Message("system" if message.role == "developer" else message.role, content, name=message.name)


def _text(content: Content | None) -> str:
    if content is None or isinstance(content, str):
        return content or ""
    return "".join(part.text for part in content)


def _tools(body: ChatRequest) -> tuple[Tool, ...]:
    functions = [tool.function for tool in body.tools or ()]
    return tuple(Tool(f.name, f.description or "", f.parameters or {}) for f in functions)


def _call(body: ChatRequest, tools: Sequence[Tool]) -> bool | str:
    """Whether a tool call is forced, and of which tool."""
    if body.tool_choice in (None, "none", "auto"):
        return False
    if not tools:
        raise invalid("tool_choice asks for a call, but there are no tools; send tools", "tool_choice")
    if not isinstance(body.tool_choice, NamedToolChoice):
        return True
    name = body.tool_choice.function.name
    if name not in {tool.name for tool in tools}:
        raise invalid(f"tool_choice names {name!r}, which is not among the tools", "tool_choice.function.name")
    return name


def _grammar(body: ChatRequest) -> GrammarSpec | None:
    if isinstance(body.response_format, JsonObjectFormat):
        return GrammarSpec("json_object")
    if isinstance(body.response_format, JsonSchemaFormat):
        return GrammarSpec("json_schema", body.response_format.json_schema.schema_ or {})
    return None


def _thinking(body: ChatRequest) -> bool | None:
    """The explicit switch, else as the effort implies, else as the alias implies, else the template's default."""
    if body.thinking is not None:
        return body.thinking.type == "enabled"
    if body.reasoning_effort is not None:
        return body.reasoning_effort != "none"
    return THINKING_OF_ALIAS.get(body.model or "")


def _prefill(messages: Sequence[ChatMessage]) -> bool:
    prefixes = [i for i, message in enumerate(messages) if isinstance(message, AssistantMessage) and message.prefix]
    if prefixes and prefixes != [len(messages) - 1]:
        raise invalid("only the last message can be a prefix", f"messages[{prefixes[0]}].prefix")
    return bool(prefixes)
