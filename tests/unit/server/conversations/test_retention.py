"""What is deleted when: by the clock that is given."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import insert, select, update

from fathom.server.conversations import retention as module
from fathom.server.conversations.changes import Changes
from fathom.server.conversations.messages import Messages
from fathom.server.conversations.preferences import PreferenceStore
from fathom.server.conversations.repository import Conversations, insert_conversation
from fathom.server.conversations.retention import DAY, Retention
from fathom.server.errors import NotFoundError
from fathom.server.store.ids import new_id
from fathom.server.store.schema import conversations, runs

NOW = 1_800_000_000_000


@pytest.fixture
def changes():
    return Changes()


class Belongings:
    """Files and pages, as far as retention knows of them."""

    def __init__(self):
        self.files = {}
        self.removed = []
        self.before = []

    async def of_conversations(self, ids):
        return [file for conversation in ids for file in self.files.get(conversation, ())]

    async def remove_unused(self, among):
        if isinstance(among, int):
            self.before.append(among)
            return 0
        self.removed += among
        return len(among)


@pytest.fixture
def belongings():
    return Belongings()


@pytest.fixture
def retention(database, changes, belongings):
    return Retention(database, changes, PreferenceStore(database), belongings, belongings)


async def made(database, days, **fields):
    async with database.write() as connection:
        moment = NOW - int(days * DAY)
        row = await insert_conversation(
            connection, title="t", title_source="user", created=moment, updated=moment, **fields
        )
    return row.id


async def left(database, *ids):
    repository, states = Conversations(database, Changes()), []
    for conversation in ids:
        try:
            states.append("trash" if (await repository.get(conversation)).deleted else "here")
        except NotFoundError:
            states.append("gone")
    return states


async def test_by_default_only_temporary_ones_and_the_trash_end(database, retention, changes):
    published = []
    changes.subscribe(published.append)
    old = await made(database, 5000)
    temporary = await made(database, 1.1, temporary=True)
    fresh = await made(database, 0.9, temporary=True)
    trashed = await made(database, 50, deleted=NOW - 31 * DAY)
    recent = await made(database, 50, deleted=NOW - 29 * DAY)
    assert await retention.sweep(NOW) == (2, 0)
    assert await left(database, old, temporary, fresh, trashed, recent) == ["here", "gone", "here", "gone", "trash"]
    assert sorted(change.id for change in published) == sorted([temporary, trashed])


async def test_files_and_pages_go_with_what_holds_them(database, retention, belongings):
    temporary = await made(database, 1.1, temporary=True)
    belongings.files = {temporary: ["a", "b"], await made(database, 5000): ["c"]}
    await retention.sweep(NOW)
    assert (belongings.removed, belongings.before) == (["a", "b"], [NOW - 7 * DAY])


async def test_forgotten_ones_go_to_the_trash_where_that_is_wished(database, retention):
    await PreferenceStore(database).change({"retention_days": 10, "trash_days": 5})
    old, pinned, recent = await made(database, 11), await made(database, 11, pinned=True), await made(database, 9)
    assert await retention.sweep(NOW) == (0, 1)
    assert await left(database, old, pinned, recent) == ["trash", "here", "here"]
    assert await retention.sweep(NOW + 6 * DAY) == (1, 1)
    assert await left(database, old, pinned, recent) == ["gone", "here", "trash"]


async def test_one_that_is_being_answered_waits(database, retention, monkeypatch):
    monkeypatch.setattr(module, "BATCH", 1)
    running, idle = await made(database, 2, temporary=True), await made(database, 2, temporary=True)
    question = await Messages(database, Changes()).ask(running, parent=None, text="q")
    row = {
        "id": new_id(),
        "conversation_id": running,
        "message_id": question.id,
        "state": "running",
        "request": {},
        "control": {},
    }
    async with database.write() as connection:
        await connection.execute(insert(runs), {**row, "created": 1, "last_sequence": 0})
        await connection.execute(update(conversations).values(updated=NOW - 2 * DAY))
    assert await retention.sweep(NOW) == (1, 0)
    assert await left(database, running, idle) == ["here", "gone"]


async def test_it_starts_and_ends(retention):
    retention.start()
    retention.start()
    await retention.close()


class Clocks:
    """A clock that can be set and one that cannot; both go on by an hour at each sleep, the first by ``jump`` more."""

    def __init__(self, *jumps):
        self.wall, self.steady = NOW, 0.0
        self._jumps = iter(jumps)

    async def sleep(self, seconds):
        jump = next(self._jumps, None)
        if jump is None:
            raise asyncio.CancelledError
        self.wall += int(seconds * 1000) + jump
        self.steady += seconds

    async def run(self, database, changes, belongings, preferences=None):
        retention = Retention(
            database,
            changes,
            preferences or PreferenceStore(database),
            belongings,
            belongings,
            clock=lambda: self.wall,
            steady=lambda: self.steady,
            sleep=self.sleep,
        )
        retention.start()
        await asyncio.gather(retention._sweeping, return_exceptions=True)
        async with database.read() as connection:
            return len((await connection.execute(select(conversations.c.id))).all())


async def test_what_is_due_is_deleted_while_the_clock_runs_evenly(database, changes, belongings):
    await made(database, 0, deleted=NOW - 29 * DAY)
    assert await Clocks(*[0] * 20).run(database, changes, belongings) == 1
    assert await Clocks(*[0] * 26).run(database, changes, belongings) == 0


async def test_a_clock_that_jumps_ahead_deletes_nothing_until_it_is_steady(database, changes, belongings, caplog):
    await made(database, 0, deleted=NOW)
    year = 365 * DAY
    assert await Clocks(year).run(database, changes, belongings) == 1
    assert "the clock may be wrong" in caplog.text
    assert await Clocks(year, -year, 0, 0).run(database, changes, belongings) == 1  # set right again
    assert await Clocks(year, 0).run(database, changes, belongings) == 0


async def test_a_start_long_after_the_last_use_waits_for_an_hour(database, changes, belongings):
    await made(database, 40, deleted=NOW - 40 * DAY)
    assert await Clocks().run(database, changes, belongings) == 1
    assert await Clocks(0).run(database, changes, belongings) == 0
