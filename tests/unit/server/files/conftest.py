"""A database with its repository of files, in memory's stead a file of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from fathom.server.files.repository import FileRepository
from fathom.server.store.database import Database


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    opened = Database(f"sqlite+aiosqlite:///{tmp_path}/fathom.db", tmp_path)
    await opened.open()
    yield opened
    await opened.close()


@pytest.fixture
def repository(database: Database) -> FileRepository:
    return FileRepository(database)
