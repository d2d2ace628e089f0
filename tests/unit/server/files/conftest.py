"""The repository of files over a database of each kind."""

from __future__ import annotations

import pytest

from fathom.server.files.repository import FileRepository
from fathom.server.store.database import Database


@pytest.fixture
def repository(database: Database) -> FileRepository:
    return FileRepository(database)
