"""Transactions: what is committed, who waits for whom, and a database that cannot be used."""

from __future__ import annotations

import asyncio
import gc
import os
import sqlite3
import stat
import sys
import tempfile
from pathlib import Path

import pytest
from sqlalchemy import insert, select, text
from sqlalchemy.exc import IntegrityError

from fathom.base.errors import StorageError
from fathom.server.store import database as module
from fathom.server.store.database import Database
from fathom.server.store.ids import IdSource
from fathom.server.store.schema import conversations, preferences


def row(name: str) -> dict[str, object]:
    return {"name": name, "value": 1}


async def names(database: Database) -> list[str]:
    async with database.read() as connection:
        return list((await connection.execute(select(preferences.c.name).order_by("name"))).scalars())


async def test_a_transaction_is_whole_or_nothing(database):
    async with database.write() as connection:
        await connection.execute(insert(preferences), row("a"))

    async def fail() -> None:
        async with database.write() as connection:
            await connection.execute(insert(preferences), row("b"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    assert await names(database) == ["a"]


async def test_writers_wait_for_each_other_and_readers_for_none(sqlite):
    inside = asyncio.Event()
    goes_on = asyncio.Event()

    async def first() -> None:
        async with sqlite.write() as connection:
            await connection.execute(insert(preferences), row("a"))
            inside.set()
            await goes_on.wait()

    async def second() -> None:
        async with sqlite.write() as connection:
            assert (await connection.execute(select(preferences.c.name))).scalars().all() == ["a"]
            await connection.execute(insert(preferences), row("b"))

    writers = [asyncio.create_task(first())]
    await inside.wait()
    writers.append(asyncio.create_task(second()))
    assert await names(sqlite) == []  # no one waits here
    goes_on.set()
    await asyncio.gather(*writers)
    assert await names(sqlite) == ["a", "b"]


async def test_requests_cancelled_at_any_moment_leave_no_connection_open(database, monkeypatch, caplog):
    left_open = []
    monkeypatch.setattr(sys, "unraisablehook", left_open.append)
    await database.open()

    async def work(number: int) -> None:
        async with database.write() as connection:
            await connection.execute(insert(preferences), row(f"{number}"))
        await names(database)

    for number in range(150):
        task = asyncio.create_task(work(number))
        await asyncio.sleep(number % 30 / 10_000)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    async with database.write() as connection:
        await connection.execute(insert(preferences), row("last"))
    assert "last" in await names(database)
    gc.collect()
    assert (left_open, caplog.records) == ([], [])


async def test_what_begins_while_it_closes_leaves_no_connection_open(sqlite, monkeypatch):
    left_open = []
    monkeypatch.setattr(sys, "unraisablehook", left_open.append)
    inside, goes_on = asyncio.Event(), asyncio.Event()

    async def read() -> None:
        async with sqlite.read() as connection:
            inside.set()
            await goes_on.wait()
            await connection.execute(select(preferences.c.name))

    under_way = asyncio.create_task(read())
    await inside.wait()
    closing = asyncio.create_task(sqlite.close())
    await asyncio.sleep(0)
    late = asyncio.create_task(names(sqlite))
    goes_on.set()
    with pytest.raises(StorageError, match="closed"):
        await late
    await asyncio.gather(under_way, closing)
    gc.collect()
    assert left_open == []


async def test_a_cancelled_writer_leaves_nothing_behind(database):
    inside = asyncio.Event()

    async def write() -> None:
        async with database.write() as connection:
            await connection.execute(insert(preferences), row("a"))
            inside.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(write())
    await inside.wait()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    async with database.write() as connection:
        await connection.execute(insert(preferences), row("b"))
    assert await names(database) == ["b"]


async def test_readers_cannot_write(database):
    with pytest.raises(StorageError):
        async with database.read() as connection:
            await connection.execute(insert(preferences), row("a"))


async def test_the_folder_is_private_and_the_file_as_sqlite_should_have_it(sqlite):
    assert stat.S_IMODE(sqlite.file.parent.stat().st_mode) == 0o700
    async with sqlite.write() as connection:
        for name, value in {"journal_mode": "wal", "synchronous": 1, "foreign_keys": 1}.items():
            assert (await connection.execute(text(f"PRAGMA {name}"))).scalar() == value


async def test_a_database_that_another_process_locks(sqlite):
    impatient = Database(str(sqlite.url), sqlite.data_dir, busy_seconds=0.01)
    await impatient.open()
    other = sqlite3.connect(sqlite.file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        assert await names(impatient) == []
        with pytest.raises(StorageError, match="another process keeps the database locked; end it"):
            async with impatient.write():
                pytest.fail("the lock was not honored")
    finally:
        other.close()
    async with impatient.write() as connection:
        await connection.execute(insert(preferences), row("a"))
    await impatient.close()


async def test_a_writer_does_not_wait_for_ever_for_its_turn(sqlite, monkeypatch):
    monkeypatch.setattr(module, "TURN_SECONDS", 0.01)
    async with sqlite.write():
        with pytest.raises(StorageError, match="the database is too busy; try again later"):
            async with sqlite.write():
                pytest.fail("two wrote at once")
    async with sqlite.write() as connection:
        await connection.execute(insert(preferences), row("a"))
    assert await names(sqlite) == ["a"]


async def test_what_is_stored_is_not_in_the_errors(database):
    async def store_twice() -> None:
        async with database.write() as connection:
            for _ in range(2):
                await connection.execute(insert(preferences), row("secret"))

    with pytest.raises(IntegrityError) as caught:
        await store_twice()
    assert "secret" not in str(caught.value).replace("(secret)", "")


async def test_a_file_that_is_no_database_is_left_alone_and_tried_again(tmp_path, monkeypatch):
    file = tmp_path / "fathom.db"
    file.write_bytes(b"no database, but someone's text" * 40)
    database = Database(f"sqlite+aiosqlite:///{file}", tmp_path)
    with pytest.raises(StorageError, match="damaged; stop the server and restore a backup"):
        await database.open()
    assert file.read_bytes().startswith(b"no database")
    assert database.problem is not None
    file.unlink()
    with pytest.raises(StorageError, match="damaged"):  # for a moment the answer is repeated
        await database.open()
    monkeypatch.setattr(module, "RETRY_SECONDS", 0.0)
    await database.open()
    assert (database.problem, database.is_open) == (None, True)
    await database.close()


async def test_a_closed_database_stays_closed(sqlite):
    await sqlite.close()
    assert not sqlite.is_open
    with pytest.raises(StorageError, match="closed"):
        async with sqlite.read():
            pytest.fail("it opened")


async def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").touch()
    folder = tmp_path / "file" / "data"
    database = Database(f"sqlite+aiosqlite:///{folder / 'fathom.db'}", folder)
    with pytest.raises(StorageError, match=r"the data folder .* cannot be used: not a directory; check"):
        await database.open()


async def test_a_database_server_that_is_not_there(tmp_path):
    database = Database("postgresql+asyncpg://user:secret@127.0.0.1:1/none", tmp_path)
    with pytest.raises(StorageError, match="the database server cannot be reached; start it") as caught:
        await database.open()
    assert "secret" not in str(caught.value)


async def test_a_full_disk_loses_nothing(sqlite):
    async with sqlite.write() as connection:
        await connection.execute(insert(preferences), row("a"))
        pages = (await connection.execute(text("PRAGMA page_count"))).scalar()
    async with sqlite.write() as connection:
        await connection.execute(text(f"PRAGMA max_page_count = {pages}"))

    async def fill() -> None:
        async with sqlite.write() as connection:
            await connection.execute(insert(preferences), row("b") | {"value": "x" * 1_000_000})

    with pytest.raises(StorageError, match="the disk is full; free some space; nothing that was stored before is lost"):
        await fill()
    assert await names(sqlite) == ["a"]
    async with sqlite.write() as connection:
        await connection.execute(text("PRAGMA max_page_count = 1000000"))
    await fill()
    assert await names(sqlite) == ["a", "b"]


async def test_a_damaged_page_is_named_as_such(sqlite):
    async with sqlite.write() as connection:
        await connection.execute(insert(preferences), row("a") | {"value": "x" * 100_000})
    await sqlite.close()
    content = bytearray(sqlite.file.read_bytes())
    content[4096:] = b"\xff" * (len(content) - 4096)
    sqlite.file.write_bytes(content)
    damaged = Database(str(sqlite.url), sqlite.data_dir)
    with pytest.raises(StorageError, match="the database is damaged; stop the server and restore a backup"):
        await names(damaged)
    await damaged.close()


async def test_ids_go_on_after_those_of_a_clock_that_was_ahead(sqlite):
    ahead = "7" + "z" * 20 + "00000"
    conversation = {"id": ahead, "title": "", "title_source": "user", "pinned": False, "temporary": False}
    async with sqlite.write() as connection:
        await connection.execute(insert(conversations), conversation | {"settings": {}, "created": 1, "updated": 1})
    await sqlite.close()
    source = IdSource()
    assert source() < ahead
    module.new_id, before = source, module.new_id
    try:
        again = Database(str(sqlite.url), sqlite.data_dir)
        await again.open()
        await again.close()
    finally:
        module.new_id = before
    assert source() > ahead


@pytest.mark.skipif(os.name == "nt", reason="Windows has other permissions")
async def test_only_the_owner_can_read_the_file(tmp_path):
    tmp_path.chmod(0o755)  # a folder that was there before
    database = Database(f"sqlite+aiosqlite:///{tmp_path / 'fathom.db'}", tmp_path)
    await database.open()
    modes = {file.name: file.stat().st_mode & 0o777 for file in tmp_path.glob("fathom.db*") if "lock" not in file.name}
    await database.close()
    assert modes["fathom.db"] == 0o600
    assert set(modes.values()) == {0o600}


@pytest.fixture
def locked_folder():
    """A folder that this process may read and not write; root gives up its privileges meanwhile."""
    with tempfile.TemporaryDirectory(prefix="fathom-read-only-") as name:
        folder, user = Path(name), os.geteuid()
        folder.chmod(0o555)
        if user == 0:
            os.seteuid(65534)
        try:
            yield folder
        finally:
            os.seteuid(user)
            folder.chmod(0o700)


async def test_a_folder_that_cannot_be_written_is_said_at_the_start(locked_folder):
    for folder in (locked_folder, locked_folder / "data"):
        database = Database(None, folder, claims=True)
        with pytest.raises(StorageError, match="cannot be used: permission denied; check its permissions"):
            await database.open()
        await database.close()
    assert list(locked_folder.iterdir()) == []


async def test_a_disk_that_becomes_read_only_is_said_at_the_next_write(sqlite):
    async def set_read_only(value: str) -> None:  # SQLite's own switch has the error of such a disk
        async with sqlite._writer.connect() as connection:
            driver = (await connection.get_raw_connection()).driver_connection
            await driver.execute(f"PRAGMA query_only = {value}")

    await set_read_only("ON")
    with pytest.raises(StorageError, match="the database can only be read; check the permissions of its folder"):
        async with sqlite.write() as connection:
            await connection.execute(text("DELETE FROM messages"))
    async with sqlite.read() as connection:
        assert (await connection.execute(text("SELECT count(*) FROM messages"))).scalar() == 0
    await set_read_only("OFF")
    async with sqlite.write() as connection:
        await connection.execute(text("DELETE FROM messages"))
