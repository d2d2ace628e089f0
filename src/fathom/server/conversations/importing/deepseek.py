"""DeepSeek's export: ``conversations.json`` with trees in ``mapping``, as ChatGPT has them, and contents of its own.

Two generations of messages: with ``fragments`` (REQUEST, THINK, SEARCH, RESPONSE), and with ``content`` and
``reasoning_content``, where no field names the role: below the root, questions and answers take turns.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Literal

from fathom.server.conversations.importing.citations import MAX_CITATIONS, web_citation
from fathom.server.conversations.importing.imported import (
    ImportedConversation,
    ImportedFile,
    ImportedMessage,
    ImportedPart,
)
from fathom.server.conversations.importing.tree import Node, roots_of, walk
from fathom.server.conversations.importing.values import (
    duration,
    key,
    mapping,
    milliseconds,
    optional_text,
    sequence,
    text,
)

SOURCE = "deepseek"
Role = Literal["user", "assistant"]
_MARK = re.compile(r"\[citation:(\d{1,3})\]")


def recognises(record: Mapping[str, Any]) -> bool:
    return isinstance(record.get("mapping"), dict) and "inserted_at" in record


def read(record: Mapping[str, Any]) -> ImportedConversation:
    """The conversation in ``record``. Raises RecordError beyond the limits of a tree."""
    nodes = [
        Node(text(name), key(mapping(value).get("parent")), mapping(mapping(value).get("message")))
        for name, value in mapping(record.get("mapping")).items()
    ]
    messages: list[ImportedMessage] = []
    roles: dict[str, Role] = {}
    parents: dict[str, str] = {}
    for node in walk(roots_of(nodes, _is_shown)):
        parents.update((child.key, node.key) for child in node.children)
        parent = parents.get(node.key)
        roles[node.key] = _role(node.value, roles[parent] if parent else "assistant")
        messages.append(_message(node, parent, roles[node.key]))
    return ImportedConversation(
        SOURCE,
        key(record.get("id")) or "",
        text(record.get("title")),
        tuple(messages),
        milliseconds(record.get("inserted_at")),
        milliseconds(record.get("updated_at")),
        record.get("pinned") is True,
        _last(messages),
    )


def _last(messages: list[ImportedMessage]) -> str | None:
    """The export does not name the message shown last; it is the newest answer."""
    return max(messages, key=lambda message: message.created or 0).key if messages else None


def _is_shown(message: Mapping[str, Any]) -> bool:
    return any(True for _ in _parts(message, "assistant"))


def _role(message: Mapping[str, Any], before: Role) -> Role:
    kinds = {mapping(fragment).get("type") for fragment in sequence(message.get("fragments"))}
    if kinds:
        return "user" if "REQUEST" in kinds else "assistant"
    declared = text(message.get("role")).lower()
    if declared in ("user", "assistant"):
        return "user" if declared == "user" else "assistant"
    return "assistant" if before == "user" or text(message.get("reasoning_content")) else "user"


def _message(node: Node[Mapping[str, Any]], parent: str | None, role: Role) -> ImportedMessage:
    model = optional_text(node.value.get("model")) if role == "assistant" else None
    created = milliseconds(node.value.get("inserted_at"))
    return ImportedMessage(node.key, parent, role, tuple(_parts(node.value, role)), created, model)


def _parts(message: Mapping[str, Any], role: Role) -> Iterator[ImportedPart]:
    for file in sequence(message.get("files")):
        name = text(mapping(file).get("file_name")) or text(mapping(file).get("name"))
        if name:
            yield ImportedPart("file", files=(ImportedFile(name, entry=text(mapping(file).get("id"))),))
    fragments = [mapping(fragment) for fragment in sequence(message.get("fragments"))]
    if not fragments:
        fragments = [
            {"type": "THINK", "content": message.get("reasoning_content")},
            {"type": "SEARCH", "results": message.get("search_results")},
            {"type": "REQUEST" if role == "user" else "RESPONSE", "content": message.get("content")},
        ]
    for fragment in fragments:
        yield from _fragment(fragment)


def _fragment(fragment: Mapping[str, Any]) -> Iterator[ImportedPart]:
    kind, written = fragment.get("type"), text(fragment.get("content"))
    if kind == "SEARCH":
        yield from _sources(fragment)
    elif not written.strip():
        return
    elif kind == "THINK":
        yield ImportedPart("thinking", written, {"ms": duration(fragment.get("elapsed_secs"))})
    elif kind == "REQUEST":
        yield ImportedPart("text", written)
    else:
        yield ImportedPart("answer", _MARK.sub(r"[\1]", written))


def _sources(fragment: Mapping[str, Any]) -> Iterator[ImportedPart]:
    """The results of a search. An answer refers to them by their place in this list."""
    for place, result in enumerate(sequence(fragment.get("results"))[:MAX_CITATIONS], 1):
        url = text(mapping(result).get("url"))
        if url.startswith(("http://", "https://")):
            index = mapping(result).get("cite_index")
            number = index if isinstance(index, int) and 0 < index < 10_000 else place
            title, quote = text(mapping(result).get("title")), optional_text(mapping(result).get("snippet"))
            yield web_citation(number, title, url, quote)
