"""Parser of replies of OpenAI-compatible endpoints; any bytes give an answer or UnreadableReplyError.

Endpoints differ in where the reasoning is: in ``reasoning_content`` (DeepSeek), in ``reasoning``, or before the content
between ``<think>`` tags, of which the first may be missing because the prompt ended with it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from fathom.data.samples.messages import split_reasoning
from fathom.text import markers
from fathom.train.distill.teacher import Ending, TeacherAnswer, make_answer

_ENDINGS: Mapping[str, Ending] = {"length": "length", "content_filter": "filtered"}
_SHOWN = 120


class UnreadableReplyError(ValueError):
    """The reply does not follow the protocol."""


def read(data: bytes) -> TeacherAnswer:
    """The first choice in a reply. Raises UnreadableReplyError, with the beginning of what came instead."""
    reply = fields(data)
    choices = reply.get("choices")
    choice = choices[0] if isinstance(choices, list) and choices else None
    message = choice.get("message") if isinstance(choice, Mapping) else None
    if not isinstance(choice, Mapping) or not isinstance(message, Mapping):
        raise UnreadableReplyError(f"the reply has no choices[0].message: {excerpt(data)}")
    content = _content(message.get("content"))
    reasoning = _first_text(message.get("reasoning_content"), message.get("reasoning"))
    if not reasoning:
        reasoning, content = _thoughts(content)
    return make_answer(
        content,
        reasoning,
        _ENDINGS.get(str(choice.get("finish_reason")), "stop"),
        tokens=_tokens(reply.get("usage")),
        calls=bool(message.get("tool_calls")),
    )


def fields(data: bytes) -> Mapping[str, Any]:
    """The object in a reply. An error in the place of an answer is unreadable, too."""
    try:
        reply = json.loads(data.decode("utf-8", "replace"))
    except (ValueError, RecursionError):
        raise UnreadableReplyError(f"the reply is no JSON: {excerpt(data)}") from None
    if not isinstance(reply, Mapping):
        raise UnreadableReplyError(f"the reply is no object: {excerpt(data)}")
    if reply.get("error") and not reply.get("choices"):
        raise UnreadableReplyError(f"the reply is an error: {error_message(data)}")
    return reply


def error_message(data: bytes) -> str:
    """The message in the body of an error, in one line."""
    try:
        value = json.loads(data.decode("utf-8", "replace"))
    except (ValueError, RecursionError):
        return excerpt(data)
    for key in ("error", "message", "detail"):
        value = value.get(key, value) if isinstance(value, Mapping) else value
    return " ".join(value.split())[: 4 * _SHOWN] if isinstance(value, str) else excerpt(data)


def excerpt(data: bytes) -> str:
    """The beginning of something, in one line."""
    text = " ".join(data[: 4 * _SHOWN].decode("utf-8", "replace").split())
    return f"{text[:_SHOWN]}…" if len(text) > _SHOWN else text or "nothing"


def _content(value: Any) -> str:
    """A text, or the texts among parts."""
    if isinstance(value, list):
        parts = [part.get("text") for part in value if isinstance(part, Mapping)]
        return "".join(part for part in parts if isinstance(part, str))
    return value if isinstance(value, str) else ""


def _thoughts(content: str) -> tuple[str | None, str]:
    opened = content.lstrip().startswith(markers.THINK_OPEN)
    if markers.THINK_CLOSE in content:
        return split_reasoning(content if opened else markers.THINK_OPEN + content)
    if opened:  # and never closed: nothing has been answered
        return content.lstrip().removeprefix(markers.THINK_OPEN).strip("\r\n"), ""
    return None, content


def _tokens(usage: Any) -> int | None:
    count = usage.get("completion_tokens") if isinstance(usage, Mapping) else None
    return count if isinstance(count, int) and not isinstance(count, bool) and count >= 0 else None


def _first_text(*values: Any) -> str | None:
    return next((value for value in values if isinstance(value, str) and value), None)
