"""A chat request to a `ChatJob`: messages, tools, thinking, response format."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import Any

from fathom.base.errors import SchemaError
from fathom.base.json_path import format_path
from fathom.engine.request import GrammarSpec
from fathom.server.api.openai.common import check_min_tokens, sampling_overrides, token_limit
from fathom.server.api.openai.models import THINKING_OF_ALIAS
from fathom.server.api.openai.schemas.chat import (
    AllowedToolsChoice,
    AssistantMessage,
    ChatMessage,
    ChatRequest,
    Content,
    FunctionBody,
    FunctionCall,
    JsonObjectFormat,
    JsonSchemaFormat,
    NamedToolChoice,
    RefusalPart,
    TextPart,
    ToolBody,
    ToolMessage,
)
from fathom.server.errors import invalid
from fathom.server.generation.events import GenerationEvent
from fathom.server.generation.grammar import fault_of
from fathom.server.generation.jobs import ChatJob
from fathom.text.template.template import GIVEN, SWITCHES
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
        sampling["max_tokens"] = token_limit(body.max_completion_tokens)
    if sampling.get("max_tokens") == 0:
        field = "max_tokens" if body.max_completion_tokens is None else "max_completion_tokens"
        raise invalid(f"{field} is 0; an answer has at least 1 token", field)
    check_min_tokens(sampling)
    if body.logprobs:
        sampling["logprobs"] = body.top_logprobs or 0
    elif body.top_logprobs:
        raise invalid("top_logprobs needs logprobs; set logprobs to true", "top_logprobs")
    tools = () if body.tool_choice == "none" else _tools(body)
    call = _call(body, tools)
    return ChatJob(
        Conversation(
            messages=_messages(body),
            tools=tools,
            thinking=_thinking(body),
            effort=EFFORTS.get(body.reasoning_effort or ""),
            prefill=_prefill(body),
            template_variables=_template_variables(body),
        ),
        sampling,
        _grammar(body),
        call,
        body.parallel_tool_calls is not False,
        every_token=bool(body.return_token_ids),
        cache_salt=body.cache_salt or "",
    )


def _messages(body: ChatRequest) -> tuple[Message, ...]:
    last = len(body.messages) - 1
    return tuple(
        _message(message, continued=index == last and _prefill(body)) for index, message in enumerate(body.messages)
    )


def _message(message: ChatMessage, *, continued: bool) -> Message:
    content = _text(message.content)
    if isinstance(message, AssistantMessage):
        calls = tuple(ToolCall(c.id, c.function.name, _arguments(c.function)) for c in message.tool_calls or ())
        # past reasoning is dropped, except inside a turn that continues after its tool calls
        reasoning = message.reasoning if message.reasoning_content is None else message.reasoning_content
        kept = reasoning if calls or continued else None
        return Message("assistant", content or message.refusal or "", kept, calls, name=message.name)
    if isinstance(message, ToolMessage):
        return Message("tool", content, tool_call_id=message.tool_call_id, name=message.name)
    return Message("system" if message.role == "developer" else message.role, content, name=message.name)


def _text(content: Content | None) -> str:
    if content is None or isinstance(content, str):
        return content or ""
    return "".join(map(_part_text, content))


def _part_text(part: TextPart | RefusalPart | str) -> str:
    if isinstance(part, str):
        return part
    return part.text if isinstance(part, TextPart) else part.refusal


def _arguments(function: FunctionCall) -> str:
    arguments = function.arguments or {}
    return arguments if isinstance(arguments, str) else json.dumps(arguments, ensure_ascii=False)


async def locate_errors(
    events: AsyncGenerator[GenerationEvent, None], job: ChatJob, body: ChatRequest
) -> AsyncGenerator[GenerationEvent, None]:
    """The events; an error in a schema gets its place in ``body``."""
    async with aclosing(events):
        try:
            async for event in events:
                yield event
        except SchemaError as error:
            error.param = schema_param(job, body, error)
            raise


def schema_param(job: ChatJob, body: ChatRequest, error: SchemaError) -> str:
    """The place in ``body`` of the schema at fault: ``tools[1].function.parameters.properties.city``."""
    tool, path = fault_of(error)
    if tool is None:
        place = () if isinstance(body.response_format, JsonObjectFormat) else ("json_schema",)
        return format_path(("response_format", *place, "schema", *path))
    name = job.callable_tools[tool].name
    index = next(index for index, function in _functions(body).items() if function.name == name)
    return format_path(("tools", index, "function", "parameters", *path))


def _functions(body: ChatRequest) -> dict[int, FunctionBody]:
    """The functions among the tools, by their index there."""
    return {i: tool.function for i, tool in enumerate(body.tools or ()) if isinstance(tool, ToolBody)}


def _tools(body: ChatRequest) -> tuple[Tool, ...]:
    """The tools that may be called. One that is sent twice counts once."""
    tools: dict[str, Tool] = {}
    for index, function in _functions(body).items():
        tool = Tool(function.name, function.description or "", function.parameters or {})
        if tools.setdefault(tool.name, tool) != tool:
            raise invalid(f"two tools have the name {tool.name!r}; rename one", f"tools[{index}].function.name")
    if isinstance(body.tool_choice, AllowedToolsChoice):
        allowed = [choice.function.name for choice in body.tool_choice.allowed_tools.tools]
        for index, name in enumerate(allowed):
            if name not in tools:
                raise invalid(f"there is no tool {name!r}", f"tool_choice.allowed_tools.tools[{index}].function.name")
        return tuple(tool for tool in tools.values() if tool.name in allowed)
    return tuple(tools.values())


def _call(body: ChatRequest, tools: Sequence[Tool]) -> bool | str:
    """Whether a tool call is forced, and of which tool."""
    choice = body.tool_choice
    if isinstance(choice, AllowedToolsChoice):
        choice = choice.allowed_tools.mode
    if choice in (None, "none", "auto"):
        return False
    if not tools:
        raise invalid("tool_choice asks for a call, but there are no tools; send tools", "tool_choice")
    if not isinstance(choice, NamedToolChoice):
        return True
    name = choice.function.name
    if name not in {tool.name for tool in tools}:
        raise invalid(f"tool_choice names {name!r}, which is not among the tools", "tool_choice.function.name")
    return name


def _grammar(body: ChatRequest) -> GrammarSpec | None:
    if isinstance(body.response_format, JsonObjectFormat):
        schema = body.response_format.schema_
        return GrammarSpec("json_object") if schema is None else GrammarSpec("json_schema", schema)
    if isinstance(body.response_format, JsonSchemaFormat):
        return GrammarSpec("json_schema", body.response_format.json_schema.schema_ or {})
    return None


def _thinking(body: ChatRequest) -> bool | None:
    """The explicit switch (of the body, or of its template variables), else as the effort implies, else as the alias
    implies, else the template's default."""
    switches = [] if body.thinking is None else [body.thinking.type == "enabled"]
    for name in SWITCHES & (body.chat_template_kwargs or {}).keys():
        value = (body.chat_template_kwargs or {})[name]
        if not isinstance(value, bool):
            raise invalid(f"{name} is a switch; set it to true or false", f"chat_template_kwargs.{name}")
        switches.append(value)
    if len(set(switches)) > 1:
        raise invalid("thinking and chat_template_kwargs contradict each other; send one of them", "thinking")
    if switches:
        return switches[0]
    if body.reasoning_effort is not None:
        return body.reasoning_effort != "none"
    return THINKING_OF_ALIAS.get(body.model or "")


def _template_variables(body: ChatRequest) -> dict[str, Any]:
    variables = {name: value for name, value in (body.chat_template_kwargs or {}).items() if name not in SWITCHES}
    for name in GIVEN & variables.keys():
        raise invalid(f"{name} comes from the request itself; leave it out here", f"chat_template_kwargs.{name}")
    return variables


def _prefill(body: ChatRequest) -> bool:
    """Whether the last message is continued: by its prefix, or by the names that vLLM has for it."""
    messages = body.messages
    prefixes = [i for i, message in enumerate(messages) if isinstance(message, AssistantMessage) and message.prefix]
    if prefixes and prefixes != [len(messages) - 1]:
        raise invalid("only the last message can be a prefix", f"messages[{prefixes[0]}].prefix")
    if body.continue_final_message and not isinstance(messages[-1], AssistantMessage):
        raise invalid("the last message is not the assistant's; add the one to continue", "continue_final_message")
    continues = bool(prefixes or body.continue_final_message)
    if body.add_generation_prompt is False and not continues:
        raise invalid("a turn of the assistant is always opened; leave it out", "add_generation_prompt")
    return continues
