"""Requests that a client repeats because it does not know whether the first one arrived.

A client names a question, or a new conversation, by a key of its own (the header ``Idempotency-Key``). The same key
again, of a question in the same conversation, leads within a day to what is stored.
"""

from __future__ import annotations

from sqlalchemy import false, select, true
from sqlalchemy.ext.asyncio import AsyncConnection

from fathom.server.conversations.records import NewQuestion, StoredMessage
from fathom.server.conversations.tree import read_messages
from fathom.server.errors import ConflictError
from fathom.server.store.ids import milliseconds
from fathom.server.store.schema import conversations, messages
from fathom.server.store.text import storable

KEPT_MS = 86_400_000
"""How long a key leads to what was stored: a day."""


async def find_created(connection: AsyncConnection, key: str | None, *, temporary: bool) -> str | None:
    """The conversation that an earlier request with the same key has made; None: there is none, or it was deleted."""
    if key is None:
        return None
    c = conversations.c
    query = (
        select(c.id)
        # in the order of the lists' index: what was not written to for a day was not made within one
        .where(c.temporary == (true() if temporary else false()), c.deleted.is_(None), c.updated > _oldest())
        .where(c.created > _oldest(), c.request_key == key)
        .limit(1)
    )
    return (await connection.execute(query)).scalar_one_or_none()


async def find_sent(connection: AsyncConnection, conversation: str, question: NewQuestion) -> StoredMessage | None:
    """The question that an earlier request with the same key has stored; None: there is none.

    Raises ConflictError where that one has another text or other files. The parent may differ: a client that asks at
    the end of a conversation cannot know where that was.
    """
    if question.key is None:
        return None
    query = (
        select(messages.c.id)
        .where(
            messages.c.conversation_id == conversation,
            messages.c.request_key == question.key,
            messages.c.created > _oldest(),
        )
        .order_by(messages.c.id)
        .limit(1)
    )
    message = (await connection.execute(query)).scalar_one_or_none()
    if message is None:
        return None
    (sent,) = await read_messages(connection, [message])
    if _content(sent) != (storable(question.text), list(question.files)):
        raise ConflictError("the Idempotency-Key was used for another question", "make a new key for each question")
    return sent


async def lock_conversation(connection: AsyncConnection, conversation: str) -> None:
    """Let a second request with the same key wait for the end of this transaction. (On SQLite all writers do.)"""
    await connection.execute(
        select(conversations.c.id).where(conversations.c.id == conversation).with_for_update(of=conversations)
    )


def _oldest() -> int:
    return milliseconds() - KEPT_MS


def _content(message: StoredMessage) -> tuple[str, list[str]]:
    text = "".join(part["text"] for part in message.parts if part["type"] == "text")
    return text, [part["file"] for part in message.parts if part["type"] == "file"]


async def find_answer(connection: AsyncConnection, question: str) -> StoredMessage | None:
    """The first answer to a question; None: it has none."""
    query = (
        select(messages.c.id)
        .where(messages.c.parent_id == question, messages.c.role == "assistant")
        .order_by(messages.c.id)
        .limit(1)
    )
    message = (await connection.execute(query)).scalar_one_or_none()
    return (await read_messages(connection, [message]))[0] if message is not None else None
