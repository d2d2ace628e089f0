"""The parts of the assistant over a database of each kind."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from fathom.server.conversations.changes import Changes, ConversationChange
from fathom.server.conversations.messages import Messages
from fathom.server.conversations.records import StoredMessage
from fathom.server.conversations.repository import Conversations
from fathom.server.conversations.search import Search
from fathom.server.store.database import Database


@dataclass
class Chats:
    """``seen`` are the changes that were reported."""

    database: Database
    changes: Changes
    conversations: Conversations
    messages: Messages
    search: Search
    seen: list[ConversationChange]

    async def chat(self, *texts: str, **options: object) -> tuple[str, list[StoredMessage]]:
        """A conversation with these questions, each below the one before."""
        row = await self.conversations.create(**options)
        added: list[StoredMessage] = []
        for text in texts:
            parent = added[-1].id if added else None
            added.append(await self.messages.ask(row.id, parent=parent, text=text))
        return row.id, added


@pytest.fixture
def chats(database: Database) -> Chats:
    changes = Changes()
    seen: list[ConversationChange] = []
    changes.subscribe(seen.append)
    parts = Conversations(database, changes), Messages(database, changes), Search(database)
    return Chats(database, changes, *parts, seen)
