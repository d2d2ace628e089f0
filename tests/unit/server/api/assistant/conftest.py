"""A client of a server with an empty database."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from assistant_api import assistant_client


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    async with assistant_client(tmp_path / "data") as client:
        yield client
