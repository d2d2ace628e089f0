"""A conversation as JSON: the whole tree, each field as the API has it. `conversations.importing.fathom` reads it back.

The other formats are made from this one, so what they show is what the JSON holds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fathom.server.conversations.importing.fathom import FORMAT, VERSION

Json = Mapping[str, Any]


def conversation_json(conversation: Json, messages: Sequence[Json], project: Json | None = None) -> dict[str, Any]:
    """The file of ``conversation`` (as the API shows it) with all of its ``messages``, parents before children."""
    return {
        "format": FORMAT,
        "version": VERSION,
        **{name: conversation[name] for name in ("id", "title", "title_source", "created", "updated", "pinned")},
        "settings": conversation["settings"],
        "project": {name: project[name] for name in ("name", "instructions")} if project else None,
        "head": conversation["head"],
        "messages": [
            {name: message[name] for name in MESSAGE_FIELDS} | {"parts": list(message["parts"])} for message in messages
        ],
    }


MESSAGE_FIELDS = (
    "id", "parent", "role", "model", "state", "finish_reason", "error", "usage", "created", "updated",
)  # fmt: skip


def path_of(record: Json, head: str | None = None) -> list[Json]:
    """The messages from the first to ``head`` (the record's own where none is given), as they are shown."""
    by_id = {message["id"]: message for message in record["messages"]}
    key = head or record["head"]
    if key not in by_id and by_id:
        key = next(reversed(by_id))
    path: list[Json] = []
    while key in by_id and len(path) < len(by_id):
        path.append(by_id[key])
        key = by_id[key]["parent"]
    return path[::-1]
