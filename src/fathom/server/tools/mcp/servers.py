"""The MCP servers of the assistant and their tools, connected when first needed."""

from __future__ import annotations

import asyncio
import importlib
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING

from fathom.server.tools.mcp.listing import ListedTool
from fathom.server.tools.mcp.records import ToolServer, ToolServers
from fathom.server.tools.mcp.tool import KeepFile, McpTool
from fathom.server.tools.tool import ToolError

if TYPE_CHECKING:
    from fathom.server.tools.mcp.connection import McpConnection

logger = logging.getLogger(__name__)

FRESH_SECONDS = 300.0
RETRY_SECONDS = 30.0
"""A server that failed is not asked again for so long, so that answers do not wait for it."""


class McpServers:
    """A `ToolSource` of the servers in ``records``."""

    def __init__(
        self, records: ToolServers, check_url: Callable[[str], Awaitable[object]], keep: KeepFile | None = None
    ) -> None:
        self.records = records
        self._check_url = check_url
        self._keep = keep
        self._connections: dict[str, tuple[ToolServer, McpConnection]] = {}
        self._lists: dict[str, tuple[float, list[ListedTool]]] = {}
        self._failures: dict[str, tuple[float, str]] = {}

    async def close(self) -> None:
        await asyncio.gather(*(connection.close() for _, connection in self._connections.values()))
        self._connections.clear()

    async def tools(self) -> Sequence[McpTool]:
        """The tools of all enabled servers; those that fail are logged and left out."""
        servers = [server for server in await self.records.all() if server.enabled]
        lists = await asyncio.gather(*(self._tools_of(server) for server in servers))
        return [self._tool(server, listed) for server, tools in zip(servers, lists, strict=True) for listed in tools]

    async def check(self, server: ToolServer) -> list[ListedTool]:
        """Connect anew and list the tools. Raises ToolError, which says what is wrong."""
        await self.forget(server.id)
        return await self._list(server)

    async def forget(self, id_: str) -> None:
        """End the connection to a server that was changed or removed."""
        self._lists.pop(id_, None)
        self._failures.pop(id_, None)
        _, connection = self._connections.pop(id_, (None, None))
        if connection is not None:
            await connection.close()

    def failure(self, id_: str) -> str | None:
        """Why the server could not be used the last time."""
        return self._failures[id_][1] if id_ in self._failures else None

    async def _tools_of(self, server: ToolServer) -> list[ListedTool]:
        read, tools = self._lists.get(server.id, (0.0, []))
        if tools and time.monotonic() < read + FRESH_SECONDS:
            return tools
        if server.id in self._failures and time.monotonic() < self._failures[server.id][0] + RETRY_SECONDS:
            return []
        try:
            return await self._list(server)
        except ToolError as error:
            logger.warning("tools are missing: %s", error)
            return []

    async def _list(self, server: ToolServer) -> list[ListedTool]:
        try:
            tools = await self._connection(server).tools()
        except ToolError as error:
            self._failures[server.id] = (time.monotonic(), str(error))
            raise
        self._failures.pop(server.id, None)
        self._lists[server.id] = (time.monotonic(), tools)
        return tools

    def _tool(self, server: ToolServer, listed: ListedTool) -> McpTool:
        return McpTool(server.name, listed, self._connection(server).call, self._keep)

    def _connection(self, server: ToolServer) -> McpConnection:
        if server.id not in self._connections:
            if not is_installed():
                raise ToolError("MCP servers need a package", "pip install 'fathom-lm[mcp]'")
            # imported when there is a server: the package takes a second and 40 MB
            module = importlib.import_module("fathom.server.tools.mcp.connection")
            self._connections[server.id] = (server, module.McpConnection(server.name, server.config, self._check_url))
        return self._connections[server.id][1]


def is_installed() -> bool:
    return find_spec("mcp") is not None
