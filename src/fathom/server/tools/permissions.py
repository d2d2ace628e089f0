"""What the reader permits: a policy for each tool, stored."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import delete, insert, select

from fathom.server.store.database import Database
from fathom.server.store.schema import tool_permissions
from fathom.server.tools.tool import Policy


class ToolPermissions:
    """The policies that were set in one database; tools without one have their default."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def all(self) -> Mapping[str, Policy]:
        async with self._database.read() as connection:
            rows = (await connection.execute(select(tool_permissions))).all()
        return {name: policy for name, policy in rows if policy in ("ask", "always", "never")}

    async def set(self, tool: str, policy: Policy) -> None:
        async with self._database.write() as connection:
            await connection.execute(delete(tool_permissions).where(tool_permissions.c.tool == tool))
            await connection.execute(insert(tool_permissions).values(tool=tool, policy=policy))

    async def forget(self, prefix: str) -> None:
        """Forget the policies of all tools whose names begin with ``prefix``."""
        names = [name for name in await self.all() if name.startswith(prefix)]
        async with self._database.write() as connection:
            await connection.execute(delete(tool_permissions).where(tool_permissions.c.tool.in_(names)))
