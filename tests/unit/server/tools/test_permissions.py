"""Policies are kept, one a tool."""

from pathlib import Path

from fathom.server.store.database import Database
from fathom.server.tools.permissions import ToolPermissions


async def test_policies(tmp_path: Path) -> None:
    database = Database(f"sqlite+aiosqlite:///{tmp_path / 'f.db'}", tmp_path)
    permissions = ToolPermissions(database)
    assert await permissions.all() == {}
    await permissions.set("python", "never")
    await permissions.set("python", "ask")
    await permissions.set("notes__add", "always")
    assert await ToolPermissions(database).all() == {"python": "ask", "notes__add": "always"}
    await permissions.forget("notes__")
    assert await permissions.all() == {"python": "ask"}
    await database.close()
