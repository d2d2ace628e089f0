"""Rows of files: who holds them, and what goes with them."""

from __future__ import annotations

from sqlalchemy import insert, select, text, update
from stored_files import attach, passage, put_into_project, stored_file

from fathom.server.files.repository import FileRepository
from fathom.server.store.schema import REFERRING, parts

LITERAL = {"literal_binds": True}


async def test_files_come_back_in_the_order_of_their_ids(repository):
    first, second = stored_file("a"), stored_file("b")
    for file in (first, second):
        await repository.add(file)
    assert await repository.get(first.id) == first
    assert await repository.get_many([second.id, "unknown", first.id, second.id]) == [second, first]
    assert await repository.in_reading() == [first.id, second.id]
    await repository.finish(first.id, {"state": "failed", "error": {"message": "m", "remedy": "r"}})
    assert await repository.in_reading() == [second.id]


async def test_passages_by_position(repository):
    file = stored_file()
    await repository.add(file)
    stored = [passage(file, position, f"p{position}") for position in range(5)]
    await repository.add_passages(stored)
    assert await repository.passages(file.id, after=1, limit=2) == stored[2:4]
    assert await repository.passages_of([file.id]) == stored
    await repository.clear_passages(file.id)
    assert await repository.passages(file.id) == []


async def test_an_equal_file_takes_over_what_was_read(repository):
    first = stored_file("a.txt")
    await repository.add(first)
    await repository.add_passages([passage(first, 0, "text")])
    again, renamed = stored_file("a.txt"), stored_file("a.csv")
    for file in (again, renamed):
        await repository.add(file)
    assert not await repository.copy_passages(again.id, again.sha256, again.name)
    await repository.finish(first.id, {"state": "ready", "tokens": 4, "data": {"format": "text"}})
    assert await repository.copy_passages(again.id, again.sha256, again.name)
    assert not await repository.copy_passages(renamed.id, renamed.sha256, renamed.name)
    copy = await repository.get(again.id)
    assert (copy.state, copy.tokens, copy.data) == ("ready", 4, {"format": "text"})
    assert [p.text for p in await repository.passages(again.id)] == ["text"]
    third = stored_file("a.txt")
    await repository.add(third)
    await repository.finish(again.id, {"data": {"passages": 0}})  # the newest that was read: pictures, perhaps
    assert not await repository.copy_passages(third.id, third.sha256, third.name)
    await repository.finish(again.id, {"data": {"passages": 1, "picture_pages": 2}})
    assert not await repository.copy_passages(third.id, third.sha256, third.name)


async def test_what_holds_a_file(repository: FileRepository, database):
    attached, shared, made, free = (stored_file(name) for name in "abcd")
    for file in (attached, shared, made, free):
        await repository.add(file)
    conversation = await attach(database, attached)
    project = await put_into_project(database, shared)
    calling = await attach(database, made)
    async with database.write() as connection:  # the result of a tool call instead of an attachment
        call = {"result": {"text": "", "files": [{"id": made.id, "name": "plot.png"}]}}
        condition = parts.c.data["file"].as_string() == made.id
        await connection.execute(update(parts).where(condition).values(type="tool_call", data=call))
        where = {"message_id": (await connection.execute(parts.select())).first().message_id, "position": 1}
        await connection.execute(insert(parts), {**where, "type": "tool_call", "text": "", "data": {"result": None}})
    for file, uses in ((attached, (1, 0)), (shared, (0, 1)), (made, (1, 0))):
        assert await repository.delete_unused(file.id) == (uses, None)
    assert await repository.find_unused(2000) == [free.id]
    assert await repository.find_unused(1000) == []
    assert await repository.of_project(project) == [shared.id]
    assert await repository.of_conversations([conversation, calling]) == [attached.id, made.id]
    assert await repository.delete_unused(free.id) == ((0, 0), None)  # the others have the same content
    assert await repository.get_many([attached.id, shared.id, made.id, free.id]) == [attached, shared, made]


async def test_what_holds_files_is_found_without_reading_texts(sqlite):
    query = str(select(parts.c.data).where(REFERRING, parts.c.type.in_(["file"])).compile(compile_kwargs=LITERAL))
    async with sqlite.read() as connection:
        plan = [row.detail for row in await connection.execute(text(f"EXPLAIN QUERY PLAN {query}"))]
    assert plan == ["SEARCH parts USING INDEX ix_parts_referring (type=?)"]


async def test_content_is_given_back_with_its_last_file(repository):
    first, second = stored_file(), stored_file()
    for file in (first, second):
        await repository.add(file)
    assert await repository.delete(first.id) is None
    assert await repository.delete(second.id) == second.sha256
    assert await repository.delete(second.id) is None
