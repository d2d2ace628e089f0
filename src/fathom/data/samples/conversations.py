"""Conversations in the formats of datasets.

    {"messages": [{"role": "user", "content": …}, …], "tools": […]}       OpenAI's, with ``reasoning_content``
    {"conversations": [{"from": "human", "value": …}, …]}                 ShareGPT's
    {"question": …, "answer": …, "think": …}                              one question and its answer

Field names vary within a format (``prompt``, ``instruction``; ``response``, ``output``…); the tables below hold those
in use. Reasoning may also precede an answer, between ``<think>`` and ``</think>``.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from fathom.base.errors import DataError, TokenizerError
from fathom.data.samples.turns import conversation_samples
from fathom.data.shards.store import Sample
from fathom.data.sources.source import BEGINNING, DataSource, Document, Position, Skips
from fathom.text import markers
from fathom.text.conversation import Chat
from fathom.types import Conversation, Message, Role, Tool, ToolCall

QUESTIONS = ("question", "prompt", "instruction", "problem", "input")
ANSWERS = ("response", "answer", "output", "completion", "solution")
REASONING = ("reasoning_content", "reasoning", "think", "thinking")
_ROLES: Mapping[str, Role] = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "human": "user",
    "assistant": "assistant",
    "gpt": "assistant",
    "model": "assistant",
    "tool": "tool",
    "function": "tool",
    "observation": "tool",
}


def chat_samples(
    source: DataSource,
    chat: Chat,
    skips: Skips,
    keeps: Callable[[Document], bool] = lambda _: True,
    start: Position = BEGINNING,
) -> Iterator[Sample]:
    """The samples of every conversation in ``source`` whose text ``keeps`` accepts. Records without a conversation, or
    with one that the template refuses, go to ``skips`` with their line."""
    for record in source.records(skips, start):
        try:
            conversation = parse_conversation(record.data)
            turns = list(conversation_samples(chat, conversation))
        except (DataError, TokenizerError) as error:
            skips.add(record.where, error.message)
        else:
            if keeps(Document(conversation_text(conversation), record.where, source.name)):
                yield from turns


def conversation_text(conversation: Conversation) -> str:
    """The contents and the reasoning of all messages."""
    return "\n".join(text for message in conversation.messages for text in (message.reasoning, message.content) if text)


def parse_conversation(data: Mapping[str, Any]) -> Conversation:
    """The conversation in a record. Raises DataError, with what is missing, if there is none."""
    listed = data.get("messages", data.get("conversations"))
    if listed is None:
        return Conversation(_pair(data))
    if not isinstance(listed, Sequence) or isinstance(listed, str) or not listed:
        raise DataError("its messages are not a list of messages")
    return Conversation(tuple(_message(entry) for entry in listed), tools=_tools(data.get("tools")))


def _pair(data: Mapping[str, Any]) -> tuple[Message, ...]:
    question, answer = _first(data, QUESTIONS), _first(data, ANSWERS)
    if question is None or answer is None:
        lacking = "question" if question is None else "answer"
        raise DataError(f"it has no {lacking} (one of {', '.join(QUESTIONS if question is None else ANSWERS)})")
    extra = data.get("input")
    if isinstance(extra, str) and extra.strip() and extra != question:
        question = f"{question}\n\n{extra}"
    system = data.get("system")
    opening = (Message("system", system),) if isinstance(system, str) and system else ()
    return (*opening, Message("user", question), _assistant(answer, _first(data, REASONING), ()))


def _message(entry: Any) -> Message:
    if not isinstance(entry, Mapping):
        raise DataError("one of its messages is not an object")
    name = entry.get("role", entry.get("from"))
    role = _ROLES.get(name) if isinstance(name, str) else None
    if role is None:
        raise DataError(f"a message has the role {name!r}")
    content = entry.get("content", entry.get("value"))
    calls = _calls(entry.get("tool_calls")) if role == "assistant" else ()
    if content is None and calls:
        content = ""
    if not isinstance(content, str):
        raise DataError(f"the content of a {role} message is not text")
    if role == "assistant":
        return _assistant(content, _first(entry, REASONING), calls)
    return Message(role, content, tool_call_id=_text(entry.get("tool_call_id")), name=_text(entry.get("name")))


def _assistant(content: str, reasoning: str | None, calls: tuple[ToolCall, ...]) -> Message:
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


def _calls(listed: Any) -> tuple[ToolCall, ...]:
    if not listed:
        return ()
    calls = []
    for number, entry in enumerate(listed if isinstance(listed, list) else [None]):
        function = entry.get("function", entry) if isinstance(entry, Mapping) else None
        if not isinstance(function, Mapping) or not isinstance(function.get("name"), str):
            raise DataError("a tool call has no name")
        arguments = function.get("arguments", {})
        text = arguments if isinstance(arguments, str) else json.dumps(arguments, ensure_ascii=False)
        calls.append(ToolCall(_text(entry.get("id")) or f"call_{number}", function["name"], text))
    return tuple(calls)


def _tools(listed: Any) -> tuple[Tool, ...]:
    if not listed:
        return ()
    tools = []
    for entry in listed if isinstance(listed, list) else [None]:
        function = entry.get("function", entry) if isinstance(entry, Mapping) else None
        if not isinstance(function, Mapping) or not isinstance(function.get("name"), str):
            raise DataError("a tool has no name")
        parameters = function.get("parameters")
        described = parameters if isinstance(parameters, Mapping) else {}
        tools.append(Tool(function["name"], _text(function.get("description")) or "", described))
    return tuple(tools)


def _first(data: Mapping[str, Any], names: Sequence[str]) -> str | None:
    """The text of the first of these fields that has one; empty texts do not count."""
    return next((value for name in names if isinstance(value := data.get(name), str) and value.strip()), None)


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None
