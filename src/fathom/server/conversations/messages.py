"""The messages of conversations: reading paths, adding questions and answers, ending an answer.

A message's parent, role and question never change. An edit is a further child of the same parent, and so is another
answer to the same question, so that nothing is ever overwritten.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from fathom.server.conversations.changes import Changes, ConversationChange
from fathom.server.conversations.index import index_message
from fathom.server.conversations.records import (
    UNFINISHED,
    MessageState,
    NewQuestion,
    Part,
    Role,
    StoredMessage,
    TreeNode,
)
from fathom.server.conversations.repeats import find_sent, lock_conversation
from fathom.server.conversations.repository import read_conversation, update_conversation
from fathom.server.conversations.titles import question_title
from fathom.server.conversations.tree import part_row, read_all, read_messages, read_path, read_tree
from fathom.server.errors import ConflictError, NotFoundError
from fathom.server.store.database import Database
from fathom.server.store.ids import milliseconds, new_id
from fathom.server.store.schema import conversations, files, messages, parts
from fathom.server.store.text import storable


@dataclass(frozen=True, slots=True)
class MessagePage:
    """A window of a path, oldest first; ``next`` is the ``before`` of the window with older ones."""

    data: Sequence[StoredMessage]
    next: str | None


class Messages:
    """The rows of ``messages`` and ``parts``. ``changes`` reports what is committed."""

    def __init__(self, database: Database, changes: Changes) -> None:
        self._database = database
        self._changes = changes

    async def page(self, conversation: str, *, limit: int = 50, before: str | None = None) -> MessagePage:
        """The last messages of the path that ends at the head, or those ``before`` one that is on any path."""
        async with self._database.read() as connection:
            row = await read_conversation(connection, conversation)
            if before is None:
                last = row.head
            else:
                (message,) = await _rows_of(connection, conversation, before)
                last = message.parent_id
            data, more = await read_path(connection, conversation, last, limit)
        return MessagePage(data, data[0].id if more else None)

    async def get(self, message: str) -> StoredMessage:
        async with self._database.read() as connection:
            return await read_message(connection, message)

    async def path(self, conversation: str, last: str, limit: int = 10_000) -> list[StoredMessage]:
        """The messages from the first to ``last``."""
        async with self._database.read() as connection:
            data, _ = await read_path(connection, conversation, last, limit)
        return data

    async def all(self, conversation: str) -> list[StoredMessage]:
        """Every message of every branch, parents before children."""
        async with self._database.read() as connection:
            await read_conversation(connection, conversation)
            return await read_all(connection, conversation)

    async def read(self, ids: Sequence[str]) -> list[StoredMessage]:
        """The messages with these ids that exist, oldest first."""
        async with self._database.read() as connection:
            return await read_messages(connection, ids)

    async def tree(self, conversation: str) -> list[TreeNode]:
        async with self._database.read() as connection:
            await read_conversation(connection, conversation)
            return await read_tree(connection, conversation)

    async def ask(
        self,
        conversation: str,
        *,
        parent: str | None,
        text: str,
        file_ids: Sequence[str] = (),
        key: str | None = None,
    ) -> StoredMessage:
        """Add a question below ``parent`` (None: at the beginning) and make it the head; the stored one where ``key``
        names a request of the last day.

        Raises ConflictError in the trash and below an answer that is still written.
        """
        async with self._database.write() as connection:
            await lock_conversation(connection, conversation)
            sent = await find_sent(connection, conversation, NewQuestion(parent, text, tuple(file_ids), key))
            if sent is not None:
                return sent
            question = await insert_question(connection, conversation, parent, text, file_ids, key)
            row = await read_conversation(connection, conversation)
        self._changes.publish(ConversationChange(conversation, row, question))
        return question


async def _rows_of(connection: AsyncConnection, conversation: str, message: str) -> Sequence[Any]:
    """The row of a message of this conversation. Raises NotFoundError."""
    query = select(messages).where(messages.c.id == message, messages.c.conversation_id == conversation)
    rows = (await connection.execute(query)).all()
    if not rows:
        raise NotFoundError(f"there is no message {message[:64]!r} in this conversation", "read its tree")
    return rows


async def read_message(connection: AsyncConnection, message: str) -> StoredMessage:
    """The message as a transaction sees it. Raises NotFoundError."""
    rows = await read_messages(connection, [message])
    if not rows:
        raise NotFoundError(f"there is no message {message[:64]!r}", "its conversation may have been deleted")
    return rows[0]


async def insert_question(
    connection: AsyncConnection,
    conversation: str,
    parent: str | None,
    text: str,
    file_ids: Sequence[str] = (),
    key: str | None = None,
) -> StoredMessage:
    """Add a question within a transaction: as `Messages.ask`."""
    row = await read_conversation(connection, conversation)
    if row.deleted is not None:
        raise ConflictError("the conversation is in the trash", "restore it first")
    if parent is not None:
        (above,) = await _rows_of(connection, conversation, parent)
        if above.state in UNFINISHED:
            raise ConflictError("the answer before it is still written", "wait for its end, or stop it")
    content: list[Part] = [await _file_part(connection, identifier) for identifier in file_ids]
    if text:
        content.append({"type": "text", "text": text})
    question = await insert_message(connection, conversation, parent, "user", content, key=key)
    if not row.title and row.title_source == "question":
        title = question_title(text) or next((part["name"] for part in content if part["type"] == "file"), "")
        await update_conversation(connection, conversation, {"title": title}, "question")
    return question


async def _file_part(connection: AsyncConnection, identifier: str) -> Part:
    held = (
        select(files).where(files.c.id == identifier).with_for_update(key_share=True, read=True)
    )  # none deletes it now
    row = (await connection.execute(held)).one_or_none()
    if row is None:
        raise NotFoundError(f"there is no file {identifier[:64]!r}", "upload it again")
    names = ("name", "media_type", "bytes", "tokens", "state")
    return {"type": "file", "file": row.id, **{name: getattr(row, name) for name in names}}


async def insert_message(
    connection: AsyncConnection,
    conversation: str,
    parent: str | None,
    role: Role,
    content: Sequence[Part],
    *,
    model: str | None = None,
    state: MessageState = "done",
    finish_reason: str | None = None,
    error: Mapping[str, Any] | None = None,
    usage: Mapping[str, Any] | None = None,
    run: str | None = None,
    created: int | None = None,
    head: bool = True,
    key: str | None = None,
) -> StoredMessage:
    """Add a message within a transaction, index its text where it is complete, and make it the head.

    The conversation counts as written to at ``created``, now where none is given. The caller has checked that
    ``parent`` is of this conversation.
    """
    identifier = new_id()
    moment = milliseconds() if created is None else created
    values = {
        "id": identifier,
        "conversation_id": conversation,
        "parent_id": parent,
        "role": role,
        "model": model,
        "state": state,
        "finish_reason": finish_reason,
        "error": error,
        "usage": usage,
        "run_id": run,
        "created": moment,
        "updated": moment,
        "request_key": key,
    }
    await connection.execute(insert(messages), values)
    await write_parts(connection, identifier, content)
    if state not in UNFINISHED:
        await index_message(connection, conversation, identifier, content)
    await _touch(connection, conversation, moment, identifier if head else None)
    return await read_message(connection, identifier)


async def finish_message(
    connection: AsyncConnection,
    message: str,
    content: Sequence[Part],
    *,
    state: MessageState,
    finish_reason: str | None = None,
    error: Mapping[str, Any] | None = None,
    usage: Mapping[str, Any] | None = None,
    model: str | None = None,
) -> StoredMessage:
    """End an answer within a transaction: its parts for good, its state, its text in the index."""
    before = await read_message(connection, message)
    moment = milliseconds()
    values = {"state": state, "finish_reason": finish_reason, "error": error, "usage": usage, "updated": moment}
    if model is not None:
        values["model"] = model
    await connection.execute(update(messages).where(messages.c.id == message).values(**values))
    await write_parts(connection, message, content)
    await index_message(connection, before.conversation, message, content)
    await _touch(connection, before.conversation, moment, None)
    return await read_message(connection, message)


async def write_parts(connection: AsyncConnection, message: str, content: Sequence[Part]) -> None:
    """Set the parts of a message within a transaction."""
    await connection.execute(delete(parts).where(parts.c.message_id == message))
    if content:
        rows = [part_row(message, position, part) for position, part in enumerate(content)]
        await connection.execute(insert(parts), [row | {"text": storable(row["text"])} for row in rows])


async def _touch(connection: AsyncConnection, conversation: str, moment: int, head: str | None) -> None:
    """The conversation was written to: it goes to the top of the lists."""
    values: dict[str, Any] = {"updated": moment} | ({"head_id": head} if head else {})
    await connection.execute(update(conversations).where(conversations.c.id == conversation).values(**values))
