"""Chats that the page kept in the browser before there was a database, as it wrote them into JSON files (version 1)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal

from fathom.server.conversations.importing.imported import ImportedConversation, ImportedMessage, ImportedPart
from fathom.server.conversations.importing.tree import Node, roots_of, walk
from fathom.server.conversations.importing.values import key, mapping, milliseconds, optional_text, sequence, text

SOURCE = "browser"
FORMAT = "fathom-conversation"
COUNTS = (
    ("promptTokens", "prompt_tokens"),
    ("completionTokens", "completion_tokens"),
    ("reasoningTokens", "reasoning_tokens"),
)


def recognises(record: Mapping[str, Any]) -> bool:
    return record.get("format") == FORMAT and record.get("version") == 1


def read(record: Mapping[str, Any]) -> ImportedConversation:
    """The chat in ``record``. ``id``, which files of old do not have, lets a second import be recognised."""
    values = [mapping(value) for value in sequence(record.get("messages"))]
    nodes = [Node(name, key(value.get("parent")), value) for value in values if (name := key(value.get("id")))]
    messages: list[ImportedMessage] = []
    parents: dict[str, str] = {}
    for node in walk(roots_of(nodes, lambda _: True)):
        parents.update((child.key, node.key) for child in node.children)
        messages.append(_message(node, parents.get(node.key)))
    created = milliseconds(record.get("created"))
    updated = max((message.created or 0 for message in messages), default=0) or created
    return ImportedConversation(
        SOURCE, key(record.get("id")) or "", text(record.get("title")), tuple(messages), created, updated
    )


def _message(node: Node[Mapping[str, Any]], parent: str | None) -> ImportedMessage:
    value = node.value
    created = milliseconds(value.get("created"))
    if value.get("role") != "assistant":
        return ImportedMessage(node.key, parent, "user", (ImportedPart("text", text(value.get("text"))),), created)
    state: Literal["done", "stopped", "failed"] = "stopped"
    if value.get("status") in ("done", "failed"):
        state = value["status"]
    error = None
    if state == "failed":
        error = {"message": text(value.get("error")) or "the answer failed", "remedy": text(value.get("remedy"))}
    return ImportedMessage(
        node.key,
        parent,
        "assistant",
        tuple(_parts(value)),
        created,
        optional_text(value.get("model")),
        state,
        optional_text(value.get("finish")),
        error,
        _usage(value),
    )


def _parts(value: Mapping[str, Any]) -> Iterator[ImportedPart]:
    if thinking := text(value.get("thinking")):
        ms = value.get("thinkingMs")
        yield ImportedPart(
            "thinking", thinking, {"ms": int(ms) if isinstance(ms, int | float) and 0 <= ms < 1e10 else None}
        )
    if answer := text(value.get("text")):
        yield ImportedPart("answer", answer)


def _usage(value: Mapping[str, Any]) -> Mapping[str, int] | None:
    usage = mapping(value.get("usage"))
    counts = {ours: usage[theirs] for theirs, ours in COUNTS if isinstance(usage.get(theirs), int)}
    return counts or None
