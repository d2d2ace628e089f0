"""The MCP servers that are set up, stored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from fathom.base.errors import RequestError
from fathom.server.store.database import Database
from fathom.server.store.ids import milliseconds, new_id
from fathom.server.store.schema import tool_servers
from fathom.server.tools.mcp.config import ServerConfig, StdioConfig, config_of

MOST_SERVERS = 50


@dataclass(frozen=True, slots=True)
class ToolServer:
    """A row of ``tool_servers``."""

    id: str
    name: str
    config: ServerConfig
    enabled: bool
    created: int

    @property
    def transport(self) -> str:
        return "stdio" if isinstance(self.config, StdioConfig) else "http"


class ToolServers:
    """The servers of one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def all(self) -> Sequence[ToolServer]:
        async with self._database.read() as connection:
            rows = (await connection.execute(select(tool_servers).order_by(tool_servers.c.id))).all()
        return [
            ToolServer(row.id, row.name, config_of(row.transport, row.config), row.enabled, row.created) for row in rows
        ]

    async def get(self, id_: str) -> ToolServer | None:
        return next((server for server in await self.all() if server.id == id_), None)

    async def add(self, name: str, config: ServerConfig, *, enabled: bool = True) -> ToolServer:
        """Raises RequestError where the name is taken."""
        if len(await self.all()) >= MOST_SERVERS:
            raise RequestError(f"there are {MOST_SERVERS} servers", "remove one first")
        server = ToolServer(new_id(), name, config, enabled, milliseconds())
        values = {"id": server.id, "created": server.created, **_values(server)}
        await self._write(name, insert(tool_servers).values(**values))
        return server

    async def change(self, server: ToolServer) -> None:
        """Store another name, configuration or state. Raises RequestError where the name is taken."""
        change = update(tool_servers).where(tool_servers.c.id == server.id).values(**_values(server))
        await self._write(server.name, change)

    async def remove(self, id_: str) -> None:
        async with self._database.write() as connection:
            await connection.execute(delete(tool_servers).where(tool_servers.c.id == id_))

    async def _write(self, name: str, statement: Any) -> None:
        try:
            async with self._database.write() as connection:
                await connection.execute(statement)
        except IntegrityError:
            raise RequestError(f"there is a server {name!r} already", "choose another name", "name") from None


def _values(server: ToolServer) -> dict[str, Any]:
    return {
        "name": server.name,
        "transport": server.transport,
        "config": server.config.model_dump(),
        "enabled": server.enabled,
    }
