"""Shares: a conversation's path, as it was at a moment, for anyone who has the link.

Messages never change, so the message that was last then is the whole snapshot. A share ends when it is revoked, and
when its conversation goes to the trash or is deleted.
"""

from __future__ import annotations

import secrets
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import delete, insert, select

from fathom.server.conversations.records import UNFINISHED
from fathom.server.conversations.repository import read_conversation
from fathom.server.errors import ConflictError, NotFoundError
from fathom.server.store.database import Database
from fathom.server.store.ids import milliseconds
from fathom.server.store.schema import conversations, messages, shares

TOKEN_BYTES = 16


@dataclass(frozen=True, slots=True)
class Share:
    """``head`` is the last message of the path that is shown."""

    token: str
    conversation: str
    head: str
    created: int

    def json(self) -> Any:
        """As the API has it."""
        return asdict(self) | {"url": f"/share/{self.token}"}


class Shares:
    """All shares of one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def create(self, conversation: str) -> Share:
        """Share the path that ends at the head now. Raises NotFoundError, and ConflictError where none is complete."""
        async with self._database.write() as connection:
            row = await read_conversation(connection, conversation)
            if row.head is None or row.deleted is not None or row.temporary:
                raise ConflictError(
                    "an empty, deleted or temporary conversation cannot be shared", "choose another one"
                )
            state = (await connection.execute(select(messages.c.state).where(messages.c.id == row.head))).scalar()
            if state in UNFINISHED:
                raise ConflictError("the answer is still written", "share it when it is complete")
            share = Share(secrets.token_urlsafe(TOKEN_BYTES), conversation, row.head, milliseconds())
            values = {"token": share.token, "conversation_id": conversation, "head_id": share.head}
            await connection.execute(insert(shares), values | {"created": share.created})
        return share

    async def list(self, conversation: str) -> list[Share]:
        """The shares of a conversation, oldest first. Raises NotFoundError."""
        async with self._database.read() as connection:
            await read_conversation(connection, conversation)
            query = select(shares).where(shares.c.conversation_id == conversation).order_by(shares.c.created)
            rows = (await connection.execute(query)).all()
        return [Share(row.token, row.conversation_id, row.head_id, row.created) for row in rows]

    async def get(self, token: str) -> Share:
        """Raises NotFoundError, also while its conversation is in the trash."""
        query = select(shares).join(conversations).where(shares.c.token == token, conversations.c.deleted.is_(None))
        async with self._database.read() as connection:
            row = (await connection.execute(query)).one_or_none()
        if row is None:
            raise NotFoundError("there is nothing at this link", "it may have been revoked")
        return Share(row.token, row.conversation_id, row.head_id, row.created)

    async def revoke(self, token: str) -> None:
        """Raises NotFoundError."""
        async with self._database.write() as connection:
            result = await connection.execute(delete(shares).where(shares.c.token == token))
        if result.rowcount == 0:
            raise NotFoundError("there is no such share", "it may have been revoked before")
