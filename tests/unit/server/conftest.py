"""A database of each kind. The same tests run on both."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from stores import clear, postgresql_server, sqlite_database

from fathom.server.store.database import Database


@pytest.fixture(scope="session")
def postgresql_url() -> Iterator[str]:
    """A PostgreSQL server for all tests of the session that ask for one."""
    with postgresql_server() as url:
        yield url


@pytest.fixture
async def sqlite(tmp_path: Path) -> AsyncIterator[Database]:
    """An open, empty database in a file."""
    database = sqlite_database(tmp_path / "data")
    await database.open()
    yield database
    await database.close()


@pytest.fixture(params=["sqlite", "postgresql"])
async def database(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Database]:
    """An open, empty database: in a file, and on a server."""
    if request.param == "sqlite":
        database = sqlite_database(tmp_path / "data")
    else:
        database = Database(request.getfixturevalue("postgresql_url"), tmp_path / "data")
    await database.open()
    yield database
    if request.param == "postgresql":
        await clear(database)
    await database.close()
