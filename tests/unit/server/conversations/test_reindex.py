"""The index of everything, anew."""

from __future__ import annotations

from sqlalchemy import delete

from fathom.server.conversations.changes import Changes
from fathom.server.conversations.messages import Messages
from fathom.server.conversations.reindex import reindex
from fathom.server.conversations.repository import Conversations
from fathom.server.conversations.search import Search
from fathom.server.store.schema import search_entries


async def test_it_makes_search_work_again(database):
    row = await Conversations(database, Changes()).create(title="Rivers")
    await Messages(database, Changes()).ask(row.id, parent=None, text="Where is the Rhine?")
    async with database.write() as connection:
        await connection.execute(delete(search_entries))
    search = Search(database)
    assert (await search.find("rhine")).data == []
    async with database.write() as connection:
        await reindex(connection)
    assert [hit.kind for hit in (await search.find("rhine")).data] == ["question"]
    assert [hit.kind for hit in (await search.find("rivers")).data] == ["title"]
