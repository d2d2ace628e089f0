"""How long conversations are kept: temporary ones a day, those in the trash and forgotten ones as the preferences say.

Runs when the server starts and once an hour. What is deleted takes its files along, and later the pages that it alone
cites. A clock that was set far ahead would make everything due at once: where it has jumped, or where nothing happened
for a week before the start, nothing is deleted until it has run evenly for an hour.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, Protocol

from sqlalchemy import ColumnElement, Select, and_, delete, false, func, or_, select, true, update

from fathom.base.errors import StorageError
from fathom.server.conversations.changes import Changes, ConversationChange
from fathom.server.conversations.preferences import PreferenceStore
from fathom.server.conversations.repository import RUNNING, read_conversation
from fathom.server.store.database import Database
from fathom.server.store.ids import milliseconds
from fathom.server.store.schema import conversations, runs

logger = logging.getLogger(__name__)

DAY = 24 * 3600 * 1000
TEMPORARY_MS = DAY
"""A temporary conversation outlives the tab that holds it by no more."""
UNCITED_PAGE_MS = 7 * DAY
"""How long a page of the web is kept that no answer cites: an answer that waits for consent may cite it later."""
HOUR_SECONDS = 3600.0
JUMP_MS = 5 * 60 * 1000
"""By how much the clock may gain in an hour on one that cannot be set. A computer that sleeps looks the same."""
UNUSED_MS = 7 * DAY
"""A server that was not used for so long may have lost its time meanwhile."""
BATCH = 200
"""Conversations of one transaction, so that others need not wait long."""


class AttachedFiles(Protocol):
    """The files that messages attach, and those that tools made."""

    async def of_conversations(self, ids: Iterable[str]) -> list[str]: ...

    async def remove_unused(self, among: Iterable[str]) -> int: ...


class ReadPages(Protocol):
    """The pages of the web that answers were made from."""

    async def remove_unused(self, before: int) -> int: ...


class Retention:
    """Deletes and trashes what is due. ``changes`` reports each."""

    def __init__(
        self,
        database: Database,
        changes: Changes,
        preferences: PreferenceStore,
        files: AttachedFiles,
        pages: ReadPages,
        clock: Callable[[], int] = milliseconds,
        steady: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._database = database
        self._changes = changes
        self._preferences = preferences
        self._files = files
        self._pages = pages
        self._clock = clock
        self._steady = steady
        self._sleep = sleep
        self._sweeping: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Sweep now and once an hour, in the background."""
        if self._sweeping is None:
            self._sweeping = asyncio.create_task(self._sweep_always())

    async def close(self) -> None:
        if self._sweeping is not None:
            self._sweeping.cancel()
            await asyncio.gather(self._sweeping, return_exceptions=True)

    async def sweep(self, now: int | None = None) -> tuple[int, int]:
        """How many conversations were deleted, and how many went to the trash."""
        now = self._clock() if now is None else now
        preferences = await self._preferences.get()
        c = conversations.c
        old = or_(
            and_(c.temporary == true(), c.updated < now - TEMPORARY_MS),
            c.deleted < now - preferences.trash_days * DAY,
        )
        gone = 0
        while removed := await self._delete(old):
            gone += removed
        forgotten = 0
        if preferences.retention_days is not None:
            due = and_(
                c.temporary == false(),
                c.pinned == false(),
                c.deleted.is_(None),
                c.updated < now - preferences.retention_days * DAY,
            )
            while moved := await self._trash(due, now):
                forgotten += moved
        await self._pages.remove_unused(now - UNCITED_PAGE_MS)
        return gone, forgotten

    async def _sweep_always(self) -> None:
        is_trusted = None
        while True:
            try:
                if is_trusted is None:
                    is_trusted = await self._was_used_lately()
                if is_trusted:
                    gone, forgotten = await self.sweep()
                    if gone or forgotten:
                        logger.info("%d conversations were deleted, %d went to the trash", gone, forgotten)
                else:
                    logger.warning("the clock may be wrong: no conversation is deleted until it ran evenly for an hour")
            except (StorageError, OSError) as error:
                logger.warning("conversations that are due were not deleted: %s", error)
            except Exception:
                logger.exception("conversations that are due were not deleted")
            began, steady = self._clock(), self._steady()
            await self._sleep(HOUR_SECONDS)
            is_trusted = self._clock() - began - (self._steady() - steady) * 1000 < JUMP_MS

    async def _was_used_lately(self) -> bool:
        """Whether the newest conversation is from the week before now, or there is none."""
        async with self._database.read() as connection:
            newest = (await connection.execute(select(func.max(conversations.c.updated)))).scalar()
        return newest is None or self._clock() - newest < UNUSED_MS

    async def _delete(self, condition: ColumnElement[bool]) -> int:
        async with self._database.read() as connection:
            due = (await connection.execute(_due(condition))).scalars().all()
        if not due:
            return 0
        attached = await self._files.of_conversations(due)
        async with self._database.write() as connection:
            ids = (await connection.execute(_due(and_(condition, conversations.c.id.in_(due))))).scalars().all()
            await connection.execute(delete(conversations).where(conversations.c.id.in_(ids)))
        for conversation in ids:
            self._changes.publish(ConversationChange(conversation))
        await self._files.remove_unused(attached)
        return len(ids)

    async def _trash(self, condition: ColumnElement[bool], now: int) -> int:
        async with self._database.write() as connection:
            ids = (await connection.execute(_due(condition))).scalars().all()
            await connection.execute(update(conversations).where(conversations.c.id.in_(ids)).values(deleted=now))
            rows = [await read_conversation(connection, conversation) for conversation in ids]
        for row in rows:
            self._changes.publish(ConversationChange(row.id, row))
        return len(ids)


def _due(condition: ColumnElement[bool]) -> Select[Any]:
    """The next conversations for which ``condition`` holds, without those that an answer is being written in."""
    running = select(runs.c.id).where(runs.c.conversation_id == conversations.c.id, runs.c.state.in_(RUNNING)).exists()
    return select(conversations.c.id).where(condition, ~running).order_by(conversations.c.id).limit(BATCH)
