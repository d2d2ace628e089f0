"""Blocks that open-webui writes into an answer's text: ``<details type="reasoning">`` and others, and ``<think>``."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from typing import Any

from fathom.server.conversations.importing.imported import ImportedPart

_OPENING = re.compile(
    r"<details\s+type=\"(?P<type>reasoning|tool_calls|code_interpreter)\"(?P<attributes>[^<>]*)>|<(?P<tag>think|thinking)>"
)
_SUMMARY = re.compile(r"\s*<summary>[^<]*</summary>")
_ATTRIBUTE = re.compile(r'([a-z_]+)="([^"]*)"')
_FENCE = re.compile(r"```(?:[\w+-]*)\n(.*?)\n?```", re.DOTALL)


def parts_of(content: str) -> Iterator[ImportedPart]:
    """Thinking, tool calls and answers, in the order of the text. A block that is never closed stays text."""
    cursor, position = 0, 0
    while match := _OPENING.search(content, position):
        closing = f"</{match['tag'] or 'details'}>"
        end = content.find(closing, match.end())
        if end < 0:
            break  # looking on would take quadratic time, and what follows is most likely inside
        yield from _answer(content[cursor : match.start()])
        yield from _block(match, content[match.end() : end])
        cursor = position = end + len(closing)
    yield from _answer(content[cursor:])


def _answer(written: str) -> Iterator[ImportedPart]:
    if written.strip():
        yield ImportedPart("answer", written.strip("\n"))


def _block(match: re.Match[str], body: str) -> Iterator[ImportedPart]:
    attributes = {name: html.unescape(value) for name, value in _ATTRIBUTE.findall(match["attributes"] or "")}
    if match["type"] is None:
        yield from _thinking(body, None)
        return
    body = html.unescape(_SUMMARY.sub("", body, count=1))
    if match["type"] == "tool_calls":
        yield _tool_call(attributes)
    elif match["type"] == "code_interpreter":
        code = _FENCE.search(body)
        arguments = json.dumps({"code": code[1] if code else body.strip()}, ensure_ascii=False)
        yield _tool_call({"name": "python", "arguments": arguments, "result": attributes.get("output", "")})
    else:
        seconds = attributes.get("duration", "")
        is_number = re.fullmatch(r"\d{1,6}(\.\d{1,9})?", seconds)
        yield from _thinking(_unquote(body), int(float(seconds) * 1000) if is_number else None)


def _thinking(thought: str, ms: int | None) -> Iterator[ImportedPart]:
    if thought.strip():
        yield ImportedPart("thinking", thought.strip("\n"), {"ms": ms})


def _unquote(body: str) -> str:
    """Lines without the ``> `` that made them a quotation."""
    return "\n".join(re.sub(r"^> ?", "", line) for line in body.strip("\n").split("\n"))


def _tool_call(attributes: dict[str, str]) -> ImportedPart:
    """A call from its attributes; open-webui writes both of its texts as JSON, the arguments even twice."""
    arguments = _decode(_decode(attributes.get("arguments") or "{}"))
    if not isinstance(arguments, dict):
        arguments = {"input": arguments}
    result = _decode(attributes.get("result", ""))
    return ImportedPart(
        "tool_call",
        data={
            "id": attributes.get("id") or "call",
            "name": attributes.get("name") or "tool",
            "arguments": json.dumps(arguments, ensure_ascii=False),
            "state": "done",
            "ms": None,
            "result": {"text": result if isinstance(result, str) else json.dumps(result, ensure_ascii=False)},
        },
    )


def _decode(value: Any) -> Any:
    """The value of a text in JSON; anything else as it is."""
    try:
        return json.loads(value) if isinstance(value, str) else value
    except (ValueError, RecursionError):
        return value
