"""A database with a little of everything."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from sqlalchemy import insert

from fathom.server.conversations.changes import Changes
from fathom.server.conversations.memories import Memories
from fathom.server.conversations.messages import Messages, insert_message
from fathom.server.conversations.preferences import PreferenceStore
from fathom.server.conversations.projects import Projects
from fathom.server.conversations.prompts import PromptLibrary
from fathom.server.conversations.repository import Conversations
from fathom.server.store.database import Database
from fathom.server.store.ids import new_id
from fathom.server.store.schema import files


def open_database(folder: Path) -> Database:
    return Database(None, folder)


async def add_file(database: Database, content: bytes) -> str:
    digest = hashlib.sha256(content).hexdigest()
    path = database.data_dir / "files" / digest[:2] / digest
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    row = {"id": new_id(), "name": "a.txt", "media_type": "text/plain", "bytes": len(content), "sha256": digest}
    async with database.write() as connection:
        await connection.execute(insert(files), {**row, "state": "ready", "tokens": 1, "data": {}, "created": 1})
    return row["id"]


async def fill(database: Database) -> dict[str, Any]:
    """Ids of what was stored."""
    project = await Projects(database).create("Rivers", "Use metres")
    file, secret = await add_file(database, b"about rivers"), await add_file(database, b"secret")
    repository, messages = Conversations(database, Changes()), Messages(database, Changes())
    kept = await repository.create(title="Kept \N{GRINNING FACE}", project=project.id, settings={"temperature": 0.5})
    question = await messages.ask(kept.id, parent=None, text="Where is the Rhine?", file_ids=[file])
    async with database.write() as connection:
        content = [{"type": "thinking", "text": "hm", "ms": 4}, {"type": "answer", "text": "In Germany"}]
        answer = await insert_message(
            connection, kept.id, question.id, "assistant", content, usage={"prompt_tokens": 3}
        )
    temporary = await repository.create(title="Temporary", temporary=True)
    await messages.ask(temporary.id, parent=None, text="A secret", file_ids=[secret])
    await Memories(database).add("The user is Ada.")
    await PromptLibrary(database).create("sum", "Sum up {{x}}")
    await PreferenceStore(database).change({"custom_instructions": "Be brief", "retention_days": 90})
    return {"kept": kept.id, "answer": answer.id, "temporary": temporary.id, "file": file, "secret": secret}
