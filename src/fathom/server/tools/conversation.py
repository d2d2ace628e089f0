"""What tools see of the conversation that they are called in: its files, and what the reader wrote."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import select

from fathom.base.errors import FathomError
from fathom.server.files.files import Files
from fathom.server.store.database import Database
from fathom.server.store.schema import messages, parts
from fathom.server.tools.tool import ProducedFile, ToolError

MOST_FILES = 50
MOST_BYTES = 30 * 2**20
"""Files of a conversation that a program is given: the newest that fit."""


class ConversationContents:
    """Reads from the tables of messages, and stores what tools make as files."""

    def __init__(self, database: Database, files: Files) -> None:
        self._database = database
        self._files = files

    async def files_of(self, conversation: str) -> Sequence[tuple[str, Path]]:
        """Name and path of the files that the reader attached, the newest last."""
        parted = parts.join(messages, parts.c.message_id == messages.c.id)
        held = (
            select(parts.c.data)
            .select_from(parted)
            .where(messages.c.conversation_id == conversation, parts.c.type == "file")
            .order_by(messages.c.id, parts.c.position)
        )
        async with self._database.read() as connection:
            ids = [data["file"] for (data,) in (await connection.execute(held)).all()]
        stored = {file.id: file for file in await self._files.get_many(list(dict.fromkeys(ids)))}
        chosen: list[tuple[str, Path]] = []
        left = MOST_BYTES
        for id_ in reversed(list(dict.fromkeys(ids))):
            file = stored.get(id_)
            if file is not None and file.bytes <= left and len(chosen) < MOST_FILES:
                chosen.insert(0, (file.name, self._files.path(file)))
                left -= file.bytes
        return chosen

    async def keep(self, name: str, media_type: str, data: bytes) -> ProducedFile:
        """Store a file that a tool made. Raises ToolError where that is not possible."""
        try:
            file = await self._files.store_bytes(name, data)
        except FathomError as error:
            raise ToolError(f"the file {name} could not be stored: {error.message}", error.remedy) from None
        return ProducedFile(file.id, file.name, media_type)

    async def mentions(self, conversation: str, url: str) -> bool:
        """Whether the reader wrote this address in the conversation."""
        written = (
            select(parts.c.text)
            .select_from(parts.join(messages, parts.c.message_id == messages.c.id))
            .where(
                messages.c.conversation_id == conversation,
                messages.c.role == "user",
                parts.c.type == "text",
                parts.c.text.contains(url, autoescape=True),
            )
        )
        async with self._database.read() as connection:
            return (await connection.execute(written.limit(1))).first() is not None
