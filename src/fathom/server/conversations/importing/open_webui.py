"""open-webui's export: a list of chats, each a tree in ``chat.history.messages``.

Answers hold thinking and tool calls as `<details>` blocks in their text (`importing.details`) or, since 0.7, as a list
``output`` in the form of OpenAI's Responses API. Sources of retrieval are in ``sources``, numbered by their place.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator, Mapping
from typing import Any, Literal

from fathom.server.conversations.importing.citations import MAX_CITATIONS, Citations
from fathom.server.conversations.importing.details import parts_of
from fathom.server.conversations.importing.imported import (
    ImportedConversation,
    ImportedFile,
    ImportedMessage,
    ImportedPart,
)
from fathom.server.conversations.importing.tree import Node, roots_of, walk
from fathom.server.conversations.importing.turns import Step, ToolOutput, call, join
from fathom.server.conversations.importing.values import (
    duration,
    key,
    mapping,
    milliseconds,
    optional_text,
    sequence,
    text,
)

SOURCE = "open-webui"
ROLES = ("user", "assistant")


def recognises(record: Mapping[str, Any]) -> bool:
    return isinstance(_history(record).get("messages"), dict)


def _history(record: Mapping[str, Any]) -> Mapping[str, Any]:
    return mapping((mapping(record.get("chat")) or record).get("history"))


def read(record: Mapping[str, Any]) -> ImportedConversation:
    """The chat in ``record``. Raises RecordError beyond the limits of a tree."""
    chat, history = mapping(record.get("chat")) or record, _history(record)
    nodes = [
        Node(text(name), key(mapping(value).get("parentId")), mapping(value))
        for name, value in mapping(history.get("messages")).items()
    ]
    messages: list[ImportedMessage] = []
    parents: dict[str, str] = {}
    for node in walk(roots_of(nodes, lambda value: value.get("role") in ROLES)):
        parents.update((child.key, node.key) for child in node.children)
        messages.append(_message(node, parents.get(node.key)))
    return ImportedConversation(
        SOURCE,
        key(record.get("id")) or "",
        text(record.get("title")) or text(chat.get("title")),
        tuple(messages),
        milliseconds(record.get("created_at")) or milliseconds(chat.get("timestamp")),
        milliseconds(record.get("updated_at")) or milliseconds(chat.get("timestamp")),
        record.get("pinned") is True,
        key(history.get("currentId")),
    )


def _message(node: Node[Mapping[str, Any]], parent: str | None) -> ImportedMessage:
    value = node.value
    created = milliseconds(value.get("timestamp"))
    if value.get("role") == "user":
        return ImportedMessage(node.key, parent, "user", tuple(_question(value)), created)
    error = _error(value.get("error"))
    state: Literal["done", "stopped", "failed"] = (
        "failed" if error else "stopped" if value.get("done") is False else "done"
    )
    model = optional_text(value.get("model"))
    return ImportedMessage(
        node.key, parent, "assistant", tuple(_answer(value)), created, model, state, error=error, usage=_usage(value)
    )


def _question(value: Mapping[str, Any]) -> Iterator[ImportedPart]:
    for file in sequence(value.get("files")):
        yield from _file(mapping(file))
    if written := text(value.get("content")):
        yield ImportedPart("text", written)


def _file(file: Mapping[str, Any]) -> Iterator[ImportedPart]:
    inner = mapping(file.get("file"))
    media_type = text(file.get("content_type")) or text(mapping(inner.get("meta")).get("content_type"))
    name = text(file.get("name")) or text(inner.get("filename")) or text(file.get("type"))
    header, _, body = text(file.get("url")).partition(";base64,")
    if header.startswith("data:") and body:
        try:
            data = base64.b64decode(body, validate=True)
        except binascii.Error:
            return
        yield ImportedPart("file", files=(ImportedFile(name or "image", header[5:100], data=data),))
    elif name and file.get("type") != "collection":
        yield ImportedPart("file", files=(ImportedFile(name, media_type or "application/octet-stream"),))


def _answer(value: Mapping[str, Any]) -> Iterator[ImportedPart]:
    output = [mapping(item) for item in sequence(value.get("output"))]
    if output:
        yield from join([Step("assistant", tuple(part for item in output for part in _item(item)))])
    else:
        yield from parts_of(text(value.get("content")))
    yield from _citations(value)


def _item(item: Mapping[str, Any]) -> Iterator[ImportedPart | ToolOutput]:
    kind = item.get("type")
    if kind == "reasoning":
        if written := _texts(item.get("content")) or _texts(item.get("summary")):
            yield ImportedPart("thinking", written, {"ms": duration(item.get("duration"))})
    elif kind == "message":
        yield from parts_of(_texts(item.get("content")))
    elif kind == "function_call":
        yield call(
            text(item.get("name")) or "tool", text(item.get("arguments")) or "{}", text(item.get("call_id")) or "call"
        )
    elif kind == "function_call_output":
        output = item.get("output")
        yield ToolOutput("tool", text(output) if isinstance(output, str) else _texts(output))
    elif kind == "open_webui:code_interpreter":
        arguments = json.dumps({"code": text(item.get("code"))}, ensure_ascii=False)
        yield call("python", arguments, text(item.get("id")) or "call")
        yield ToolOutput("python", text(item.get("output")) or json.dumps(item.get("output"), ensure_ascii=False))


def _texts(content: object) -> str:
    return "".join(text(mapping(part).get("text")) for part in sequence(content))


def _citations(value: Mapping[str, Any]) -> Iterator[ImportedPart]:
    citations = Citations()
    for source in sequence(value.get("sources"))[:MAX_CITATIONS]:
        described = mapping(mapping(source).get("source"))
        first = mapping(next(iter(sequence(mapping(source).get("metadata"))), None))
        url = next(
            (link for link in (text(described.get("url")), text(first.get("source"))) if link.startswith("http")), None
        )
        title = text(first.get("title")) or text(described.get("name")) or text(first.get("name"))
        if title or url:
            citations.number(title, url)
    yield from citations.take()


def _error(value: object) -> Mapping[str, str] | None:
    if not value:
        return None
    message = text(value) or text(mapping(value).get("content")) or text(mapping(value).get("message"))
    return {"message": message or "the answer failed", "remedy": ""}


def _usage(value: Mapping[str, Any]) -> Mapping[str, int] | None:
    usage = mapping(value.get("usage")) or mapping(value.get("info"))
    names = (
        ("prompt_tokens", ("prompt_tokens", "prompt_eval_count")),
        ("completion_tokens", ("completion_tokens", "eval_count")),
    )
    counts = {}
    for name, sources in names:
        count = next((usage[source] for source in sources if isinstance(usage.get(source), int)), None)
        if count is not None and not isinstance(count, bool) and 0 <= count < 1 << 40:
            counts[name] = count
    return counts or None
