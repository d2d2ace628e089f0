"""The claim to a database: one process at a time, given up with it."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import text

from fathom.base.errors import StorageError
from fathom.server.store import database as module
from fathom.server.store.claim import ADVISORY_LOCK, ServerClaim
from fathom.server.store.database import Database


@pytest.fixture
def again(database, monkeypatch):
    """Makes another server's view of the same database, which is tried again at once."""
    monkeypatch.setattr(module, "RETRY_SECONDS", 0.0)
    return lambda: Database(database.url.render_as_string(hide_password=False), database.data_dir, claims=True)


async def test_a_second_one_waits_until_the_first_has_ended(database, again):
    first, second = again(), again()
    await first.open()
    for _ in range(2):
        with pytest.raises(StorageError, match="another process of Fathom uses this database; end it, or give this"):
            await second.open()
    assert (first.is_open, second.is_open) == (True, False)
    assert "another process" in str(second.problem)
    async with database.read() as connection:  # a backup claims nothing
        assert (await connection.execute(text("SELECT 1"))).scalar() == 1
    await first.close()
    await second.open()
    assert (second.is_open, second.problem) == (True, None)
    await second.close()


async def test_an_opening_that_fails_claims_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "RETRY_SECONDS", 0.0)
    (tmp_path / "fathom.db").write_bytes(b"no database" * 100)
    first, second = (Database(f"sqlite+aiosqlite:///{tmp_path / 'fathom.db'}", tmp_path, claims=True) for _ in "ab")
    for one in (first, second):
        with pytest.raises(StorageError, match="damaged"):
            await one.open()


async def test_a_claim_that_the_database_server_ends_is_lost_and_taken_again(postgresql_url):
    first, second = (ServerClaim(module.make_url(postgresql_url)) for _ in "ab")
    await first.take()
    await first.take()
    assert first.is_held
    async with second._engine.connect() as connection:
        query = "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND objid = :key"
        assert (await connection.execute(text(query), {"key": ADVISORY_LOCK})).scalar()
    while first.is_held:
        await asyncio.sleep(0.005)
    await second.take()
    with pytest.raises(StorageError, match="FATHOM_DATABASE_URL"):
        await first.take()
    await second.release()
    await first.take()
    assert first.is_held
    await first.release()
