"""What the assistant knows of its user across conversations: short sentences that the user can read, edit and delete.

A model adds one only by the tool ``remember``, which asks for consent.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import delete, func, insert, select, update

from fathom.server.errors import ConflictError, NotFoundError
from fathom.server.store.database import Database
from fathom.server.store.ids import milliseconds, new_id
from fathom.server.store.schema import memories
from fathom.server.store.text import storable

MOST = 1_000
"""Memories that are kept. No prompt has room for more."""


@dataclass(frozen=True, slots=True)
class StoredMemory:
    id: str
    text: str
    created: int
    updated: int

    def json(self) -> Any:
        """As the API has it."""
        return asdict(self)


class Memories:
    """All memories of one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def list(self) -> list[StoredMemory]:
        """The one changed last first."""
        async with self._database.read() as connection:
            rows = await connection.execute(select(memories).order_by(memories.c.updated.desc(), memories.c.id.desc()))
        return [StoredMemory(**row) for row in rows.mappings()]

    async def add(self, text: str) -> StoredMemory:
        """Keep ``text``; one that is known in the same words is not doubled. Raises ConflictError beyond MOST."""
        text, now = storable(text).strip(), milliseconds()
        async with self._database.write() as connection:
            same = (await connection.execute(select(memories).where(memories.c.text == text))).mappings().first()
            if same is not None:
                return StoredMemory(**same)
            if (await connection.execute(select(func.count()).select_from(memories))).scalar_one() >= MOST:
                raise ConflictError(f"there are {MOST} memories already", "delete some that no longer matter")
            row: dict[str, Any] = {"id": new_id(), "text": text, "created": now, "updated": now}
            await connection.execute(insert(memories), row)
        return StoredMemory(**row)

    async def change(self, memory: str, text: str) -> StoredMemory:
        """Raises NotFoundError."""
        values = {"text": storable(text).strip(), "updated": milliseconds()}
        async with self._database.write() as connection:
            await connection.execute(update(memories).where(memories.c.id == memory).values(values))
            row = (await connection.execute(select(memories).where(memories.c.id == memory))).mappings().first()
        if row is None:
            raise NotFoundError(f"there is no memory {memory[:64]!r}")
        return StoredMemory(**row)

    async def delete(self, memory: str) -> None:
        """Raises NotFoundError."""
        async with self._database.write() as connection:
            result = await connection.execute(delete(memories).where(memories.c.id == memory))
        if result.rowcount == 0:
            raise NotFoundError(f"there is no memory {memory[:64]!r}")

    async def clear(self) -> None:
        """Delete all of them."""
        async with self._database.write() as connection:
            await connection.execute(delete(memories))
