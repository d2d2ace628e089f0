"""The search index of everything that is stored, made anew."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from fathom.server.conversations.index import index_message, index_title
from fathom.server.conversations.records import UNFINISHED
from fathom.server.conversations.tree import read_all
from fathom.server.store.schema import conversations


async def reindex(connection: AsyncConnection) -> None:
    """Index every title and every complete message, within a transaction."""
    rows = (await connection.execute(select(conversations.c.id, conversations.c.title))).all()
    for row in rows:
        await index_title(connection, row.id, row.title)
        for message in await read_all(connection, row.id):
            if message.state not in UNFINISHED:
                await index_message(connection, row.id, message.id, message.parts)
