"""The tool that keeps a memory."""

from __future__ import annotations

import pytest
from sqlalchemy import insert

from fathom.server.conversations import memories as module
from fathom.server.conversations.memories import Memories
from fathom.server.conversations.preferences import PreferenceStore
from fathom.server.store.database import Database
from fathom.server.store.schema import conversations
from fathom.server.tools.remember import RememberTool
from fathom.server.tools.tool import CallContext, ToolError

CONTEXT = CallContext("c", "m", "call", 1, lambda _: None)


@pytest.fixture
async def database(tmp_path):
    database = Database(f"sqlite+aiosqlite:///{tmp_path / 'fathom.db'}", tmp_path)
    await database.open()
    yield database
    await database.close()


async def test_it_keeps_a_memory_once(database):
    tool = RememberTool(database, Memories(database), PreferenceStore(database))
    for _ in range(2):
        assert (await tool.call({"text": "The user is Ada."}, CONTEXT)).text == "Remembered."
    assert [memory.text for memory in await Memories(database).list()] == ["The user is Ada."]


@pytest.mark.parametrize("arguments", [{}, {"text": " "}, {"text": 5}, {"text": "x" * 501}])
async def test_what_is_no_memory(database, arguments):
    with pytest.raises(ToolError, match="at most 500"):
        await RememberTool(database, Memories(database), PreferenceStore(database)).call(arguments, CONTEXT)


async def test_not_in_a_temporary_chat_and_not_without_end(database, monkeypatch):
    row = {
        "id": "c",
        "title": "",
        "title_source": "user",
        "pinned": False,
        "temporary": True,
        "settings": {},
        "created": 1,
        "updated": 1,
    }
    tool = RememberTool(database, Memories(database), PreferenceStore(database))
    monkeypatch.setattr(module, "MOST", 0)
    with pytest.raises(ToolError, match="already"):
        await tool.call({"text": "a"}, CONTEXT)
    async with database.write() as connection:
        await connection.execute(insert(conversations), row)
    with pytest.raises(ToolError, match="leaves nothing behind"):
        await tool.call({"text": "a"}, CONTEXT)


async def test_not_where_memory_is_off(database):
    await PreferenceStore(database).change({"memory": False})
    with pytest.raises(ToolError, match="switched memory off"):
        await RememberTool(database, Memories(database), PreferenceStore(database)).call({"text": "a"}, CONTEXT)
