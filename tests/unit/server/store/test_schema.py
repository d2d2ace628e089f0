"""The tables: what goes with what when a row is deleted, and what JSON columns hold."""

from __future__ import annotations

from sqlalchemy import func, insert, select

from fathom.server.store import schema
from fathom.server.store.ids import new_id


def conversation(**values: object) -> dict[str, object]:
    return {
        "id": new_id(),
        "title": "",
        "title_source": "question",
        "pinned": False,
        "temporary": False,
        "settings": {},
        "created": 1,
        "updated": 1,
    } | values


def message(conversation: str, parent: str | None) -> dict[str, object]:
    return {
        "id": new_id(),
        "conversation_id": conversation,
        "parent_id": parent,
        "role": "user",
        "state": "done",
        "created": 1,
        "updated": 1,
    }


async def test_a_conversation_takes_everything_of_it_along(database):
    owner = conversation()
    first = message(owner["id"], None)
    second = message(owner["id"], first["id"])
    run = {"id": new_id(), "conversation_id": owner["id"], "message_id": second["id"], "state": "done", "request": {}}
    async with database.write() as connection:
        await connection.execute(insert(schema.conversations), owner)
        await connection.execute(insert(schema.messages), [first, second])
        await connection.execute(
            insert(schema.parts), {"message_id": first["id"], "position": 0, "type": "text", "text": "", "data": {}}
        )
        await connection.execute(insert(schema.runs), run | {"control": {}, "created": 1, "last_sequence": 0})
        await connection.execute(
            insert(schema.run_events), {"run_id": run["id"], "sequence": 1, "type": "delta", "data": {}}
        )
    async with database.write() as connection:
        await connection.execute(schema.conversations.delete())
    async with database.read() as connection:
        for table in (schema.messages, schema.parts, schema.runs, schema.run_events):
            assert (await connection.execute(select(func.count()).select_from(table))).scalar() == 0, table.name


async def test_a_project_leaves_its_conversations(database):
    project = {"id": new_id(), "name": "a", "instructions": "", "created": 1, "updated": 1}
    async with database.write() as connection:
        await connection.execute(insert(schema.projects), project)
        await connection.execute(insert(schema.conversations), conversation(project_id=project["id"]))
        await connection.execute(schema.projects.delete())
        assert (await connection.execute(select(schema.conversations.c.project_id))).scalars().all() == [None]


async def test_json_holds_any_text_and_null(database):
    values = {"a": None, "b": ["你好", "\0", "\ud800"], "c": 1.5}
    async with database.write() as connection:
        await connection.execute(insert(schema.preferences), {"name": "a", "value": values})
        await connection.execute(insert(schema.preferences), {"name": "b", "value": None})
    async with database.read() as connection:
        rows = {row.name: row.value for row in await connection.execute(select(schema.preferences))}
    assert rows == {"a": {"a": None, "b": ["你好", "\0", "�"], "c": 1.5}, "b": None}
