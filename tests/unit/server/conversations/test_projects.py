"""Projects: fields, files, and what stays when one is deleted."""

from __future__ import annotations

import pytest
from sqlalchemy import insert, select

from fathom.server.conversations.projects import Projects
from fathom.server.errors import NotFoundError
from fathom.server.store.ids import new_id
from fathom.server.store.schema import conversations, files


async def add_conversation(database, project, **fields):
    row = {
        "id": new_id(),
        "title": "",
        "title_source": "user",
        "project_id": project,
        "pinned": False,
        "temporary": False,
    }
    row |= {"settings": {}, "created": 1, "updated": 1, **fields}
    async with database.write() as connection:
        await connection.execute(insert(conversations), row)
    return row["id"]


async def add_file(database):
    row = {
        "id": new_id(),
        "name": "a.pdf",
        "media_type": "application/pdf",
        "bytes": 3,
        "sha256": "0" * 64,
        "state": "ready",
    }
    async with database.write() as connection:
        await connection.execute(insert(files), {**row, "tokens": 1, "data": {}, "created": 1})
    return row["id"]


async def test_projects_by_name(database):
    projects = Projects(database)
    second = await projects.create("b\0", "Be brief")
    first = await projects.create("A")
    assert [project.name for project in await projects.list()] == ["A", "b\N{REPLACEMENT CHARACTER}"]
    changed = await projects.change(second.id, instructions="Be long")
    assert (changed.name, changed.instructions) == (second.name, "Be long")
    assert changed.updated >= second.updated
    assert await projects.get(first.id) == first


async def test_a_project_counts_what_it_has(database):
    projects = Projects(database)
    project = await projects.create("A")
    await add_conversation(database, project.id)
    await add_conversation(database, project.id, deleted=5)
    file = await add_file(database)
    await projects.add_file(project.id, file)
    await projects.add_file(project.id, file)
    counted = await projects.get(project.id)
    assert (counted.conversations, counted.files) == (1, 1)
    assert [entry["id"] for entry in await projects.files(project.id)] == [file]
    assert "sha256" not in (await projects.files(project.id))[0]
    await projects.remove_file(project.id, file)
    assert await projects.files(project.id) == []


async def test_conversations_outlive_their_project(database):
    projects = Projects(database)
    project = await projects.create("A")
    conversation = await add_conversation(database, project.id)
    await projects.delete(project.id)
    async with database.read() as connection:
        rows = (await connection.execute(select(conversations.c.id, conversations.c.project_id))).all()
    assert rows == [(conversation, None)]


async def test_what_does_not_exist(database):
    projects = Projects(database)
    project = await projects.create("A")
    for attempt in (
        projects.get("x"),
        projects.change("x", name="y"),
        projects.delete("x"),
        projects.files("x"),
        projects.add_file("x", "y"),
        projects.add_file(project.id, "y"),
        projects.remove_file(project.id, "y"),
    ):
        with pytest.raises(NotFoundError):
            await attempt
