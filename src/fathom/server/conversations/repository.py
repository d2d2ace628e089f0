"""The conversations of a database: lists, rows and their changes, trash.

Messages are `fathom.server.conversations.messages`. All methods raise StorageError where the database cannot be used,
and NotFoundError for an id that leads to nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, delete, false, func, insert, or_, select, true, update
from sqlalchemy.ext.asyncio import AsyncConnection

from fathom.base.errors import RequestError
from fathom.server.conversations.changes import Changes, ConversationChange
from fathom.server.conversations.index import index_title
from fathom.server.conversations.records import StoredConversation, TitleSource
from fathom.server.conversations.repeats import find_created
from fathom.server.errors import NotFoundError
from fathom.server.store.database import Database
from fathom.server.store.ids import milliseconds, new_id
from fathom.server.store.schema import conversations, messages, projects, runs
from fathom.server.store.text import storable

RUNNING = ("queued", "running", "consent")
"""States of a run that has not ended."""

_CURSOR = re.compile(r"(\d{1,15})-([0-9a-z]{26})")


@dataclass(frozen=True, slots=True)
class ConversationPage:
    """A part of a list; ``next`` is the cursor of the part after it."""

    data: Sequence[StoredConversation]
    next: str | None


@dataclass(frozen=True, slots=True)
class ConversationCount:
    """How many there are of each; ``projects`` by the id of the project. Temporary ones are in none of them."""

    conversations: int
    pinned: int
    deleted: int
    projects: Mapping[str, int]


class Conversations:
    """The rows of ``conversations``. ``changes`` reports what is committed."""

    def __init__(self, database: Database, changes: Changes) -> None:
        self.changes = changes
        self._database = database

    async def list_page(
        self,
        *,
        limit: int = 50,
        after: str | None = None,
        project: str | None = None,
        pinned: bool | None = None,
        deleted: bool = False,
    ) -> ConversationPage:
        """Those last written to first; ``deleted`` lists the trash. Raises RequestError for a cursor that is not ours.

        Temporary conversations are in no list.
        """
        query = list_query(limit=limit + 1, after=after, project=project, pinned=pinned, deleted=deleted)
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).all()
        data = [conversation_of(row) for row in rows[:limit]]
        return ConversationPage(data, f"{data[-1].updated}-{data[-1].id}" if len(rows) > limit else None)

    async def get(self, conversation: str) -> StoredConversation:
        async with self._database.read() as connection:
            return await read_conversation(connection, conversation)

    async def counts(self) -> ConversationCount:
        c = conversations.c
        visible = and_(c.temporary == false(), c.deleted.is_(None))
        by_project = select(c.project_id, c.pinned, func.count()).where(visible).group_by(c.project_id, c.pinned)
        trash = select(func.count()).where(c.temporary == false(), c.deleted.is_not(None)).select_from(conversations)
        async with self._database.read() as connection:
            rows = (await connection.execute(by_project)).all()
            deleted = (await connection.execute(trash)).scalar_one()
        in_projects: dict[str, int] = {}
        for project, _, number in rows:
            if project is not None:
                in_projects[project] = in_projects.get(project, 0) + number
        return ConversationCount(
            sum(number for *_, number in rows), sum(number for _, pin, number in rows if pin), deleted, in_projects
        )

    async def create(
        self,
        *,
        title: str = "",
        project: str | None = None,
        settings: Mapping[str, Any] | None = None,
        temporary: bool = False,
        key: str | None = None,
    ) -> StoredConversation:
        """A conversation without messages, or the one of ``key``. Without a title, its first question gives one."""
        async with self._database.write() as connection:
            earlier = await find_created(connection, key, temporary=temporary)
            if earlier is not None:
                return await read_conversation(connection, earlier)
            created = await insert_conversation(
                connection,
                title=title,
                title_source="user" if title else "question",
                project=project,
                settings=settings or {},
                temporary=temporary,
                key=key,
            )
        self.changes.publish(ConversationChange(created.id, created))
        return created

    async def change(self, conversation: str, values: Mapping[str, Any]) -> StoredConversation:
        """Set the named ones of ``title``, ``pinned``, ``project``, ``settings``, ``head``.

        A title that is given here is the user's own. The order of lists stays. Raises NotFoundError also for a project
        or a head that is not there.
        """
        async with self._database.write() as connection:
            await read_conversation(connection, conversation)
            changed = await update_conversation(connection, conversation, values)
        self.changes.publish(ConversationChange(conversation, changed))
        return changed

    async def set_title(self, conversation: str, title: str, source: TitleSource) -> StoredConversation | None:
        """Give a title that a model made. Returns None where a person has given one meanwhile."""
        async with self._database.write() as connection:
            locked = select(conversations.c.id).where(conversations.c.id == conversation).with_for_update()
            await connection.execute(locked)  # or a person's title could come between the reading and the writing
            row = await read_conversation(connection, conversation)
            if row.title_source == "user":
                return None
            changed = await update_conversation(connection, conversation, {"title": title}, source)
        self.changes.publish(ConversationChange(conversation, changed))
        return changed

    async def trash(self, conversation: str) -> StoredConversation:
        """Move it to the trash, where it is as long as the retention setting says."""
        return await self._set_deleted(conversation, milliseconds())

    async def restore(self, conversation: str) -> StoredConversation:
        """Take it out of the trash."""
        return await self._set_deleted(conversation, None)

    async def delete(self, conversation: str) -> None:
        """Delete it for good, with its messages, runs, shares and what search knows of it."""
        async with self._database.write() as connection:
            await read_conversation(connection, conversation)
            await connection.execute(delete(conversations).where(conversations.c.id == conversation))
        self.changes.publish(ConversationChange(conversation))

    async def _set_deleted(self, conversation: str, moment: int | None) -> StoredConversation:
        async with self._database.write() as connection:
            before = await read_conversation(connection, conversation)
            if (before.deleted is None) == (moment is None):
                return before
            await connection.execute(
                update(conversations).where(conversations.c.id == conversation).values(deleted=moment)
            )
            after = await read_conversation(connection, conversation)
        self.changes.publish(ConversationChange(conversation, after))
        return after


def _rows() -> Select[Any]:
    """Rows of conversations, each with whether an answer is being written."""
    running = select(runs.c.id).where(runs.c.conversation_id == conversations.c.id, runs.c.state.in_(RUNNING)).exists()
    return select(conversations, running.label("running"))


def list_query(
    *,
    limit: int,
    after: str | None = None,
    project: str | None = None,
    pinned: bool | None = None,
    deleted: bool = False,
) -> Select[Any]:
    """The rows of a list, in its order: see `Conversations.list_page`."""
    c = conversations.c
    conditions: list[ColumnElement[bool]] = [
        c.temporary == false(),
        c.deleted.is_not(None) if deleted else c.deleted.is_(None),
    ]
    if project is not None:
        conditions.append(c.project_id == project)
    if pinned is not None:
        conditions.append(c.pinned == (true() if pinned else false()))
    if after is not None:
        conditions.append(_beyond(after))
    return _rows().where(*conditions).order_by(c.updated.desc(), c.id.desc()).limit(limit)


def conversation_of(row: Row[Any]) -> StoredConversation:
    return StoredConversation(
        id=row.id,
        title=row.title,
        title_source=row.title_source,
        project=row.project_id,
        pinned=row.pinned,
        temporary=row.temporary,
        settings=row.settings,
        head=row.head_id,
        created=row.created,
        updated=row.updated,
        deleted=row.deleted,
        running=bool(row.running),
    )


async def read_conversation(connection: AsyncConnection, conversation: str) -> StoredConversation:
    """The row as a transaction sees it. Raises NotFoundError."""
    row = (await connection.execute(_rows().where(conversations.c.id == conversation))).one_or_none()
    if row is None:
        raise NotFoundError(f"there is no conversation {conversation[:64]!r}", "it may have been deleted")
    return conversation_of(row)


async def insert_conversation(
    connection: AsyncConnection,
    *,
    title: str,
    title_source: TitleSource,
    project: str | None = None,
    settings: Mapping[str, Any] | None = None,
    pinned: bool = False,
    temporary: bool = False,
    created: int | None = None,
    updated: int | None = None,
    deleted: int | None = None,
    key: str | None = None,
) -> StoredConversation:
    """Add a conversation within a transaction. Times are now where none are given."""
    now = milliseconds()
    if project is not None:
        await _check_project(connection, project)
    identifier = new_id()
    title = storable(title).strip()
    values = {
        "id": identifier,
        "title": title,
        "title_source": title_source,
        "project_id": project,
        "pinned": pinned,
        "temporary": temporary,
        "settings": dict(settings or {}),
        "head_id": None,
        "created": now if created is None else created,
        "updated": now if updated is None else updated,
        "deleted": deleted,
        "request_key": key,
    }
    await connection.execute(insert(conversations), values)
    await index_title(connection, identifier, title)
    return await read_conversation(connection, identifier)


async def update_conversation(
    connection: AsyncConnection, conversation: str, values: Mapping[str, Any], title_source: TitleSource = "user"
) -> StoredConversation:
    """Set the named values within a transaction: as `Conversations.change`."""
    columns: dict[str, Any] = {name: values[name] for name in ("pinned", "settings") if name in values}
    if "title" in values:
        title = storable(values["title"]).strip()
        columns |= {"title": title, "title_source": title_source if title else "question"}
    if "project" in values:
        if values["project"] is not None:
            await _check_project(connection, values["project"])
        columns["project_id"] = values["project"]
    if "head" in values:
        columns["head_id"] = await _check_head(connection, conversation, values["head"])
    if columns:
        await connection.execute(update(conversations).where(conversations.c.id == conversation).values(**columns))
    if "title" in columns:
        await index_title(connection, conversation, columns["title"])
    return await read_conversation(connection, conversation)


async def _check_project(connection: AsyncConnection, project: str) -> None:
    if (await connection.execute(select(projects.c.id).where(projects.c.id == project))).first() is None:
        raise NotFoundError(f"there is no project {project[:64]!r}", "it may have been deleted")


async def _check_head(connection: AsyncConnection, conversation: str, head: str) -> str:
    query = select(messages.c.id).where(messages.c.id == head, messages.c.conversation_id == conversation)
    if (await connection.execute(query)).first() is None:
        raise NotFoundError(f"there is no message {head[:64]!r} in this conversation", "choose one of its tree")
    return head


def _beyond(cursor: str) -> ColumnElement[bool]:
    """What comes after ``cursor`` in a list."""
    match = _CURSOR.fullmatch(cursor)
    if match is None:
        raise RequestError(f"the cursor {cursor[:64]!r} is not one of ours", "begin without one", "after")
    updated, identifier = int(match[1]), match[2]
    c = conversations.c
    return or_(c.updated < updated, and_(c.updated == updated, c.id < identifier))
