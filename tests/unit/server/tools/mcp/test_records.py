"""Servers are stored by name."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from fathom.base.errors import RequestError
from fathom.server.store.database import Database
from fathom.server.tools.mcp.config import HttpConfig, StdioConfig
from fathom.server.tools.mcp.records import ToolServers


@pytest.fixture
async def servers(tmp_path: Path) -> AsyncIterator[ToolServers]:
    database = Database(f"sqlite+aiosqlite:///{tmp_path / 'f.db'}", tmp_path)
    yield ToolServers(database)
    await database.close()


async def test_added_changed_and_removed(servers: ToolServers) -> None:
    notes = await servers.add("notes", StdioConfig(command="a"))
    web = await servers.add("web", HttpConfig(url="http://a.example"))
    assert [(server.name, server.transport) for server in await servers.all()] == [("notes", "stdio"), ("web", "http")]
    await servers.change(replace(notes, name="paper", enabled=False))
    assert await servers.get(notes.id) == replace(notes, name="paper", enabled=False)
    await servers.remove(web.id)
    assert await servers.get(web.id) is None


async def test_a_name_is_used_once(servers: ToolServers) -> None:
    await servers.add("notes", StdioConfig(command="a"))
    other = await servers.add("other", StdioConfig(command="a"))
    with pytest.raises(RequestError, match="there is a server 'notes' already"):
        await servers.add("notes", StdioConfig(command="b"))
    with pytest.raises(RequestError, match="choose another name"):
        await servers.change(replace(other, name="notes"))
