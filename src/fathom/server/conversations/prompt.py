"""Stored messages as the conversation that a model reads.

A stored message is a whole turn of an assistant: it may think, call tools and answer several times. For the model it is
one message for each round of calls, one for each result, and the answer. Thoughts of past turns are left out, as the
templates of models that think do, except where calls follow from them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any, Protocol

from fathom.types import Message, Picture, ToolCall

Part = Mapping[str, Any]

FILE_NOTE = "[attached file: {name}]"
INTERRUPTED = "The call was interrupted before it had a result."
REFUSED = "The user refused this call."


class StoredTurn(Protocol):
    """What a prompt needs of a stored message."""

    @property
    def role(self) -> str: ...

    @property
    def parts(self) -> Sequence[Part]: ...


def history(
    path: Iterable[StoredTurn],
    *,
    system: str = "",
    passages: str = "",
    pictures: Mapping[str, Picture] = MappingProxyType({}),
) -> list[Message]:
    """The messages up to and with the question, which is the last of ``path``.

    ``system`` is the system message; ``passages`` are put before the question's text; ``pictures`` come by the ids of
    their files, each with the first message that attaches it.
    """
    unseen = dict(pictures)
    messages = [Message("system", system.strip())] if system.strip() else []
    turns = list(path)
    for turn in turns:
        if turn.role == "user":
            attached = [part["file"] for part in turn.parts if part["type"] == "file"]
            shown = tuple(unseen.pop(file) for file in dict.fromkeys(attached) if file in unseen)
            messages.append(Message("user", question_text(turn.parts), pictures=shown))
        else:
            messages += assistant_messages(turn.parts)
    if passages.strip() and turns and turns[-1].role == "user":
        last = messages[-1]
        messages[-1] = replace(last, content=f"{passages.strip()}\n\n{last.content}")
    return messages


def question_text(parts: Iterable[Part]) -> str:
    """What a user wrote, with a line for each attached file."""
    lines = []
    for part in parts:
        if part["type"] == "text":
            lines.append(part["text"])
        elif part["type"] == "file":
            lines.append(FILE_NOTE.format(name=part["name"]))
    return "\n".join(lines)


def assistant_messages(parts: Sequence[Part], *, keep_thinking: bool = False) -> list[Message]:
    """A turn as messages: calls with their results, then the answer. ``keep_thinking``: also that before the answer."""
    messages: list[Message] = []
    text, thoughts = "", ""
    calls: list[Part] = []
    for part in parts:
        if part["type"] in ("thinking", "answer") and calls:
            messages += _round(text, thoughts, calls)
            text, thoughts, calls = "", "", []
        if part["type"] == "thinking":
            thoughts += part["text"]
        elif part["type"] == "answer":
            text += part["text"]
        elif part["type"] == "tool_call":
            calls.append(part)
    if calls:
        messages += _round(text, thoughts, calls)
    elif text or keep_thinking:
        messages.append(Message("assistant", text, thoughts or None if keep_thinking else None))
    return messages


def _round(text: str, thoughts: str, calls: Sequence[Part]) -> list[Message]:
    """One round of calls and their results."""
    asked = tuple(ToolCall(call["id"], call["name"], call["arguments"] or "{}") for call in calls)
    results = [Message("tool", result_text(call), tool_call_id=call["id"], name=call["name"]) for call in calls]
    return [Message("assistant", text, thoughts or None, asked), *results]


def result_text(call: Part) -> str:
    """What a model reads as the result of a call."""
    if call["state"] == "refused":
        return REFUSED
    result = call["result"]
    if result is None:
        return INTERRUPTED
    if error := result.get("error"):
        return f"{result['text']}\nError: {error}".strip()
    return str(result["text"])
