"""A database of each kind."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from fathom.server.store.database import Database


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    """An open, empty database."""
    database = Database(f"sqlite+aiosqlite:///{tmp_path / 'data' / 'fathom.db'}", tmp_path / "data")
    await database.open()
    yield database
    await database.close()
