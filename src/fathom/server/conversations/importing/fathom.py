"""Our own JSON: whole trees, as `conversations.export.json_file` writes them (version 2).

The file may be anyone's, so each known field has its type checked; a wrong one becomes its default. Fields that this
version does not know are kept: a newer version may have written them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Literal

from fathom.server.conversations.importing.imported import (
    ImportedConversation,
    ImportedFile,
    ImportedMessage,
    ImportedPart,
    RecordError,
)
from fathom.server.conversations.importing.tree import Node, roots_of, walk
from fathom.server.conversations.importing.values import key, mapping, milliseconds, optional_text, sequence, text

SOURCE = "fathom"
FORMAT = "fathom-conversation"
VERSION = 2
TYPES = {
    "user": frozenset({"text", "file"}),
    "assistant": frozenset({"thinking", "answer", "tool_call", "citation", "vote"}),
}
TITLE_SOURCES = frozenset({"question", "model", "user", "import"})
FINISH_REASONS = frozenset({"stop", "length", "tool_calls", "cancelled"})


def recognises(record: Mapping[str, Any]) -> bool:
    return record.get("format") == FORMAT and record.get("version") != 1


def read(record: Mapping[str, Any]) -> ImportedConversation:
    """The conversation in ``record``. Raises RecordError where a newer version wrote it."""
    if record.get("version") != VERSION:
        raise RecordError("a newer version of Fathom wrote this conversation", "update Fathom, then import it")
    values = [mapping(value) for value in sequence(record.get("messages"))]
    nodes = [Node(name, key(value.get("parent")), value) for value in values if (name := key(value.get("id")))]
    messages: list[ImportedMessage] = []
    parents: dict[str, str] = {}
    for node in walk(roots_of(nodes, lambda value: value.get("role") in TYPES)):
        parents.update((child.key, node.key) for child in node.children)
        messages.append(_message(node, parents.get(node.key)))
    title_source = record.get("title_source")
    return ImportedConversation(
        SOURCE,
        key(record.get("id")) or "",
        text(record.get("title")),
        tuple(messages),
        milliseconds(record.get("created")),
        milliseconds(record.get("updated")),
        record.get("pinned") is True,
        key(record.get("head")),
        mapping(record.get("settings")),
        title_source if isinstance(title_source, str) and title_source in TITLE_SOURCES else "import",
    )


def _message(node: Node[Mapping[str, Any]], parent: str | None) -> ImportedMessage:
    value = node.value
    role: Literal["user", "assistant"] = "user" if value["role"] == "user" else "assistant"
    state: Literal["done", "stopped", "failed"] = "stopped"
    if value.get("state") in ("done", "failed"):
        state = value["state"]
    finish, error = value.get("finish_reason"), mapping(value.get("error"))
    return ImportedMessage(
        node.key,
        parent,
        role,
        tuple(_parts(value, role)),
        milliseconds(value.get("created")),
        optional_text(value.get("model")),
        state,
        finish if isinstance(finish, str) and finish in FINISH_REASONS else None,
        {"message": text(error.get("message")), "remedy": text(error.get("remedy"))} if error else None,
        mapping(value.get("usage")) or None,
    )


def _parts(message: Mapping[str, Any], role: str) -> Iterator[ImportedPart]:
    for value in sequence(message.get("parts")):
        part = mapping(value)
        kind = part.get("type")
        if not isinstance(kind, str) or kind not in TYPES[role]:
            continue
        checks = CHECKS[kind]
        data = {name: field for name, field in part.items() if name not in ("type", "text")}
        data.update(
            (name, check(part.get(name))) for name, check in checks.items() if check(part.get(name)) is not MISSING
        )
        if kind == "file":
            file = ImportedFile(
                text(data.pop("name", "")) or "file", text(data.pop("media_type", "")), id=key(data.pop("file", ""))
            )
            yield ImportedPart("file", data=data, files=(file,))
        else:
            yield ImportedPart(kind, text(part.get("text")), data)


MISSING = object()
Check = Callable[[object], Any]


def _count(value: object) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return int(value) if 0 <= value < 1 << 50 else None


def _one_of(*words: str) -> Check:
    return lambda value: value if isinstance(value, str) and value in words else words[0]


def _flag_or_none(value: object) -> bool | None:
    return value if isinstance(value, bool) else None


def _if_true(value: object) -> object:
    return True if value is True else MISSING


def _address(value: object) -> str | None:
    return text(value) if text(value).startswith(("http://", "https://")) else None


def _place(value: object) -> Mapping[str, Any] | None:
    return {name: field for name, field in mapping(value).items() if isinstance(field, str | int)} or None


def _result(value: object) -> Mapping[str, Any] | None:
    if not isinstance(value, dict):
        return None
    files = [
        {name: text(mapping(file).get(name)) for name in ("id", "name", "media_type")}
        for file in sequence(value.get("files"))
    ]
    error = {"error": text(value.get("error"))} if value.get("error") else {}
    return {**value, "text": text(value.get("text")), "files": files, **error}


def _candidates(value: object) -> list[Mapping[str, Any]]:
    return [
        {
            "index": index,
            "thinking": text(mapping(candidate).get("thinking")),
            "answer": text(mapping(candidate).get("answer")),
            "extracted": optional_text(mapping(candidate).get("extracted")),
            "state": _one_of("stopped", "done", "failed")(mapping(candidate).get("state")),
        }
        for index, candidate in enumerate(sequence(value))
    ]


def _tally(value: object) -> list[Mapping[str, Any]]:
    return [
        {"answer": text(mapping(entry).get("answer")), "count": _count(mapping(entry).get("count")) or 0}
        for entry in sequence(value)
    ]


CHECKS: Mapping[str, Mapping[str, Check]] = {
    "text": {},
    "answer": {},
    "file": {"bytes": _count, "tokens": _count},
    "thinking": {"ms": _count, "edited": _if_true},
    "tool_call": {
        "id": text,
        "name": text,
        "arguments": text,
        "state": _one_of("failed", "done", "refused"),  # one that waited for consent or ran does so no more
        "result": _result,
        "ms": _count,
    },
    "citation": {
        "number": lambda value: _count(value) or 1,
        "kind": _one_of("web", "file"),
        "title": text,
        "url": _address,
        "source": optional_text,
        "place": _place,
        "quote": optional_text,
        "supported": _flag_or_none,
    },
    "vote": {"candidates": _candidates, "tally": _tally, "chosen": _count},
}
