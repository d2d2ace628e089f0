"""Rows of files and of what holds them, for tests."""

from __future__ import annotations

from typing import Any

from sqlalchemy import insert

from fathom.server.files.records import StoredFile, StoredPassage
from fathom.server.store.database import Database
from fathom.server.store.ids import new_id
from fathom.server.store.schema import conversations, messages, parts, project_files, projects


def stored_file(name: str = "a.txt", **fields: Any) -> StoredFile:
    values = {
        "id": new_id(), "name": name, "media_type": "text/plain", "bytes": 3, "sha256": "a" * 64, "state": "reading",
        "error": None, "tokens": None, "data": {}, "created": 1000,
    }  # fmt: skip
    return StoredFile(**{**values, **fields})


def passage(file: StoredFile, position: int, text: str, tokens: int = 1, **place: Any) -> StoredPassage:
    return StoredPassage(file.id, position, place or {"line": position + 1}, text, tokens)


async def attach(database: Database, file: StoredFile) -> str:
    """Put a file into a message of a new conversation; the conversation's id."""
    conversation, message = new_id(), new_id()
    async with database.write() as connection:
        await connection.execute(insert(conversations), {
            "id": conversation, "title": "", "title_source": "user", "pinned": False, "temporary": False,
            "settings": {}, "created": 1, "updated": 1,
        })  # fmt: skip
        await connection.execute(insert(messages), {
            "id": message, "conversation_id": conversation, "role": "user", "state": "done", "created": 1, "updated": 1,
        })  # fmt: skip
        data = {name: value for name, value in file.part().items() if name != "type"}
        await connection.execute(
            insert(parts), {"message_id": message, "position": 0, "type": "file", "text": "", "data": data}
        )
    return conversation


async def put_into_project(database: Database, file: StoredFile) -> str:
    """Put a file into a new project; the project's id."""
    project = new_id()
    async with database.write() as connection:
        await connection.execute(
            insert(projects), {"id": project, "name": "p", "instructions": "", "created": 1, "updated": 1}
        )
        await connection.execute(insert(project_files), {"project_id": project, "file_id": file.id})
    return project
