"""Servers are connected when first needed, and one that fails holds up nothing."""

import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import mcp_server
import pytest
from tool_calls import call_context

from fathom.server.store.database import Database
from fathom.server.tools.mcp import servers as module
from fathom.server.tools.mcp.config import StdioConfig
from fathom.server.tools.mcp.records import ToolServers
from fathom.server.tools.mcp.servers import McpServers
from fathom.server.tools.tool import ToolError

NOTES = StdioConfig(command=sys.executable, args=[str(Path(mcp_server.__file__))])


@pytest.fixture
async def servers(tmp_path: Path) -> AsyncIterator[McpServers]:
    async def anywhere(url: str) -> None:
        """Every address may be reached."""

    database = Database(f"sqlite+aiosqlite:///{tmp_path / 'f.db'}", tmp_path)
    servers = McpServers(ToolServers(database), anywhere)
    yield servers
    await servers.close()
    await database.close()


async def test_tools_of_all_servers_but_those_that_fail(servers: McpServers) -> None:
    assert await servers.tools() == []
    await servers.records.add("notes", NOTES)
    broken = await servers.records.add("broken", StdioConfig(command="/nowhere"))
    tools = {tool.name: tool for tool in await servers.tools()}
    assert "notes__add" in tools
    assert (await tools["notes__add"].call({"a": 1, "b": 2}, call_context())).text == "3"
    assert "there is no program" in (servers.failure(broken.id) or "")
    with pytest.raises(ToolError, match="there is no program"):
        await servers.check(broken)


async def test_a_server_that_is_off_is_not_connected(servers: McpServers) -> None:
    notes = await servers.records.add("notes", NOTES)
    await servers.records.change(replace(notes, enabled=False))
    assert await servers.tools() == []


async def test_without_the_package_the_remedy_is_said(servers: McpServers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "is_installed", lambda: False)
    notes = await servers.records.add("notes", NOTES)
    assert await servers.tools() == []
    with pytest.raises(ToolError, match="pip install"):
        await servers.check(notes)
