"""What an answer knows of the user: literal system text, within bounds."""

from __future__ import annotations

import pytest
from sqlalchemy import insert

from fathom.server.conversations.context import Turn
from fathom.server.conversations.memories import Memories
from fathom.server.conversations.personal import PersonalContext, memory_text
from fathom.server.conversations.preferences import PreferenceStore
from fathom.server.conversations.projects import Projects
from fathom.server.store.schema import conversations


@pytest.fixture
def personal(database):
    return PersonalContext(database, PreferenceStore(database), Projects(database), Memories(database))


def turn(reports, **fields):
    values = {
        "conversation": "c",
        "project": None,
        "question": "?",
        "files": (),
        "search": False,
        "tokens": 4000,
        "first_citation": 1,
    }
    return Turn(**{**values, **fields}, report=reports.append)


async def test_nothing_is_known(personal):
    assert (await personal.provide(turn([]))).system == ""


async def test_everything_is_known(database, personal):
    await PreferenceStore(database).change({"custom_instructions": " Be brief. "})
    project = await Projects(database).create("Rivers", "Use metres.")
    for text in ("The user\nis Ada.", "Ada lives in Bonn."):
        await Memories(database).add(text)
    reports = []
    context = await personal.provide(turn(reports, project=project.id))
    assert context.system == (
        "The user's instructions:\nBe brief.\n\n"
        "Instructions of the project “Rivers”:\nUse metres.\n\n"
        "What you remember of the user:\n- The user is Ada.\n- Ada lives in Bonn."
    )
    assert reports == []


async def test_memories_can_be_switched_off(database, personal):
    await Memories(database).add("The user is Ada.")
    await PreferenceStore(database).change({"memory": False})
    assert (await personal.provide(turn([]))).system == ""


async def test_a_temporary_conversation_sees_no_memories(database, personal):
    await Memories(database).add("The user is Ada.")
    row = {
        "id": "t",
        "title": "",
        "title_source": "user",
        "pinned": False,
        "temporary": True,
        "settings": {},
        "created": 1,
        "updated": 1,
    }
    async with database.write() as connection:
        await connection.execute(insert(conversations), row)
    assert (await personal.provide(turn([], conversation="t"))).system == ""


async def test_long_instructions_are_cut_and_it_is_said(database, personal):
    await PreferenceStore(database).change({"custom_instructions": "ü" * 5000})
    reports = []
    context = await personal.provide(turn(reports, tokens=400))
    assert context.system == "The user's instructions:\n" + "ü" * 150
    assert len(reports) == 1


async def test_a_project_that_is_gone(personal):
    assert (await personal.provide(turn([], project="x"))).system == ""


def test_the_newest_memories_fit():
    assert memory_text(["new", "old " * 100, "older"], 20) == "What you remember of the user:\n- new"
    assert memory_text(["new"], 0) == ""
