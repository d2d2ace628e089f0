"""Conversations: their lists in windows, what changes and what stays, the trash."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import insert, text, update
from sqlalchemy.dialects.sqlite import dialect

from fathom.base.errors import RequestError
from fathom.server.conversations.repository import (
    insert_conversation,
    list_query,
    read_conversation,
    update_conversation,
)
from fathom.server.errors import NotFoundError
from fathom.server.store.ids import new_id
from fathom.server.store.schema import projects, runs


async def make_project(database) -> str:
    identifier = new_id()
    async with database.write() as connection:
        values = {"id": identifier, "name": "work", "instructions": "", "created": 1, "updated": 1}
        await connection.execute(insert(projects), values)
    return identifier


async def test_a_list_is_read_in_windows_the_last_written_first(chats):
    async with chats.database.write() as connection:
        for number in range(25):  # several of the same time, as an import makes them
            await insert_conversation(
                connection, title=str(number), title_source="import", created=1, updated=100 + number // 3
            )
    titles, after, pages = [], None, 0
    while True:
        page = await chats.conversations.list_page(limit=7, after=after)
        titles += [row.title for row in page.data]
        pages, after = pages + 1, page.next
        if after is None:
            break
    assert titles == [str(number) for number in reversed(range(25))]
    assert pages == 4


async def test_what_a_list_leaves_out(chats):
    project = await make_project(chats.database)
    plain, _ = await chats.chat("plain")
    pinned, _ = await chats.chat("pinned", project=project)
    await chats.conversations.change(pinned, {"pinned": True})
    hidden, _ = await chats.chat("hidden", temporary=True)
    gone, _ = await chats.chat("gone")
    await chats.conversations.trash(gone)

    async def ids(**options) -> list[str]:
        return [row.id for row in (await chats.conversations.list_page(**options)).data]

    assert await ids() == [pinned, plain]
    assert await ids(pinned=True) == await ids(project=project) == [pinned]
    assert await ids(pinned=False) == [plain]
    assert await ids(deleted=True) == [gone]
    assert await ids(project="none") == []
    assert (await chats.conversations.get(hidden)).temporary
    counts = await chats.conversations.counts()
    assert (counts.conversations, counts.pinned, counts.deleted, counts.projects) == (2, 1, 1, {project: 1})


@pytest.mark.parametrize("cursor", ["", "x", "1-2", "1-" + "A" * 26, "-1-" + "0" * 26, "1" * 40 + "-" + "0" * 26])
async def test_a_cursor_of_another(chats, cursor):
    with pytest.raises(RequestError, match="not one of ours"):
        await chats.conversations.list_page(after=cursor)


async def test_a_change_names_what_changes(chats):
    first, _ = await chats.chat("first")
    await chats.chat("second")
    before = await chats.conversations.get(first)
    await chats.conversations.change(first, {"settings": {"model": "m"}})
    after = await chats.conversations.change(first, {"title": "  Mine\0 "})
    assert (after.title, after.title_source, after.settings) == ("Mine�", "user", {"model": "m"})
    assert (after.created, after.updated, after.head) == (before.created, before.updated, before.head)
    assert chats.seen[-1].conversation == after
    assert await chats.conversations.set_title(first, "A model's", "model") is None
    emptied = await chats.conversations.change(first, {"title": ""})
    assert emptied.title_source == "question"
    assert (await chats.conversations.set_title(first, "A model's", "model")).title == "A model's"


async def test_a_persons_title_that_comes_at_the_same_moment_stays(chats):
    first, _ = await chats.chat("What is a river?")
    async with chats.database.write() as connection:
        await update_conversation(connection, first, {"title": "Mine"})
        naming = asyncio.create_task(chats.conversations.set_title(first, "A model's", "model"))
        await asyncio.sleep(0.2)
    assert await naming is None
    assert (await chats.conversations.get(first)).title == "Mine"


async def test_what_does_not_exist(chats):
    identifier, _ = await chats.chat("a")
    _, (other,) = await chats.chat("b")
    for work in (
        chats.conversations.get("nothing"),
        chats.conversations.change("nothing", {}),
        chats.conversations.trash("nothing"),
        chats.conversations.restore("nothing"),
        chats.conversations.delete("nothing"),
        chats.conversations.change(identifier, {"head": other.id}),
        chats.conversations.change(identifier, {"project": "nothing"}),
        chats.conversations.create(project="nothing"),
    ):
        with pytest.raises(NotFoundError, match="there is no"):
            await work


async def test_the_trash(chats):
    identifier, (question,) = await chats.chat("a")
    assert (await chats.conversations.trash(identifier)).deleted is not None
    number = len(chats.seen)
    moment = (await chats.conversations.trash(identifier)).deleted
    assert len(chats.seen) == number, "it is there already"
    assert moment == (await chats.conversations.get(identifier)).deleted
    restored = await chats.conversations.restore(identifier)
    assert (restored.deleted, restored.head) == (None, question.id)


async def test_deleting_for_good_leaves_nothing(chats):
    identifier, (question,) = await chats.chat("unforgettable")
    await chats.conversations.delete(identifier)
    assert chats.seen[-1].id == identifier
    assert chats.seen[-1].conversation is None
    with pytest.raises(NotFoundError):
        await chats.messages.get(question.id)
    async with chats.database.read() as connection:
        assert (await connection.execute(text("SELECT count(*) FROM search_index"))).scalar() == 0
        assert (await connection.execute(text("SELECT count(*) FROM search_entries"))).scalar() == 0


async def test_running_is_read_from_the_runs(chats):
    identifier, (question,) = await chats.chat("a")
    async with chats.database.write() as connection:
        values = {"id": new_id(), "conversation_id": identifier, "message_id": question.id, "state": "running"}
        await connection.execute(
            insert(runs), values | {"request": {}, "control": {}, "created": 1, "last_sequence": 0}
        )
        assert (await read_conversation(connection, identifier)).running
        await connection.execute(update(runs).values(state="done"))
    assert not (await chats.conversations.get(identifier)).running


@pytest.mark.parametrize("options", [{}, {"pinned": True}, {"project": "p"}])
async def test_a_list_needs_no_sorting(sqlite, options):
    """Ten thousand conversations are listed as quickly as ten: each list has an index in its order."""
    sql = str(list_query(limit=50, **options).compile(compile_kwargs={"literal_binds": True}, dialect=dialect()))
    async with sqlite.read() as connection:
        plan = [row.detail for row in await connection.execute(text(f"EXPLAIN QUERY PLAN {sql}"))]
    assert plan[0].startswith("SEARCH conversations USING INDEX"), plan
    assert not [line for line in plan if "ORDER BY" in line], plan
