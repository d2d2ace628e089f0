"""Which messages of an import are here already.

A person exports again months later. What came before is recognised by place and text: a message is the same where its
parent is the same, its role and its words. So an import of the same file adds nothing, and one of a longer conversation
adds only what is new, below what is there.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from fathom.server.conversations.importing.imported import ImportedMessage
from fathom.server.conversations.records import StoredMessage
from fathom.server.store.text import storable

Signature = tuple[str, tuple[tuple[str, str], ...]]
WORDS = frozenset({"text", "answer", "thinking"})


def match(imported: Sequence[ImportedMessage], stored: Iterable[StoredMessage]) -> dict[str, str]:
    """Key of an imported message → id of the stored one that it is. Parents are before children in ``imported``."""
    by_place: dict[tuple[str | None, Signature], list[str]] = defaultdict(list)
    for message in stored:
        by_place[message.parent, _signature(message.role, message.parts)].append(message.id)
    ids: dict[str, str] = {}
    for one in imported:
        if one.parent is not None and one.parent not in ids:
            continue
        parts = [{"type": part.type, "text": part.text} for part in one.parts]
        same = by_place.get((ids[one.parent] if one.parent is not None else None, _signature(one.role, parts)))
        if same:
            ids[one.key] = same.pop(0)  # two siblings with one text are two messages
    return ids


def _signature(role: str, parts: Iterable[Mapping[str, Any]]) -> Signature:
    words = [(part["type"], storable(part.get("text", ""))) for part in parts if part["type"] in WORDS]
    return role, tuple((kind, text) for kind, text in words if not text.startswith(FILE_NOTE))


FILE_NOTE = "[file: "
"""How a text begins that names a file whose bytes did not come along."""


def file_note(name: str) -> str:
    return f"{FILE_NOTE}{name}]"
