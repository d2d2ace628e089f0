"""The schema of a new database, of an older one, and of one from a later version."""

from __future__ import annotations

import asyncio
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, create_engine, inspect, text
from stores import sqlite_database

from fathom.base.errors import StorageError
from fathom.server.conversations.changes import Changes
from fathom.server.conversations.messages import Messages
from fathom.server.conversations.reindex import reindex
from fathom.server.conversations.search import Search
from fathom.server.store import migrate, revisions
from fathom.server.store.backup import write_backup
from fathom.server.store.database import Database
from fathom.server.store.migrate import bring_up_to_date, create, migrate_file, revision_of, upgrade
from fathom.server.store.restore import restore_backup
from fathom.server.store.revisions import LATEST, REVISIONS

DUMPS = Path(__file__).parents[3] / "fixtures" / "schemas"
"""A SQLite database of each revision, with rows, as SQL: `sqlite3 fathom.db .dump`."""

NEXT = """
import sqlalchemy as sa
from alembic import op

revision = "9999"
down_revision = "{last}"


def upgrade():
    with op.batch_alter_table("messages") as table:
        table.alter_column("model", existing_type=sa.Text(), nullable=True, new_column_name="model_name")
    {more}
"""


def description(connection: Connection) -> dict[str, Any]:
    """Everything about the tables that a migration could get wrong."""
    inspector = inspect(connection)
    names = [name for name in inspector.get_table_names() if not name.startswith("search_index_")]
    return {
        name: {
            "columns": {c["name"]: (str(c["type"]), c["nullable"], c["default"]) for c in inspector.get_columns(name)},
            "primary key": inspector.get_pk_constraint(name),
            "foreign keys": sorted(map(str, inspector.get_foreign_keys(name))),
            "unique": sorted(map(str, inspector.get_unique_constraints(name))),
            "indexes": sorted(str(index | {"dialect_options": _words(index)}) for index in inspector.get_indexes(name)),
        }
        for name in names
        if name != "alembic_version"
    }


def _words(index: Any) -> dict[str, str]:
    """The options of an index, its condition as text."""
    return {name: str(value) for name, value in index.get("dialect_options", {}).items()}


def others(connection: Connection) -> list[str]:
    """What SQLite has beside tables and indexes."""
    query = "SELECT sql FROM sqlite_master WHERE type = 'trigger' OR sql LIKE 'CREATE VIRTUAL%' ORDER BY name"
    return list(connection.execute(text(query)).scalars())


def test_the_migrations_make_the_schema():
    with create_engine("sqlite://").begin() as new, create_engine("sqlite://").begin() as migrated:
        create(new)
        upgrade(migrated, LATEST)
        assert description(migrated) == description(new)
        assert others(migrated) == others(new)
        assert len(others(new)) == 2
        assert revision_of(migrated) == revision_of(new) == LATEST


async def test_the_migrations_make_the_schema_of_postgresql(postgresql_url, tmp_path):
    database = Database(postgresql_url, tmp_path)
    await database.open()
    async with database.write() as connection:
        wanted = await connection.run_sync(description)
        await connection.execute(text("CREATE SCHEMA other"))
        await connection.execute(text("SET LOCAL search_path TO other"))
        await connection.run_sync(upgrade, LATEST)
        migrated = await connection.run_sync(description)
        await connection.execute(text("DROP SCHEMA other CASCADE"))
    await database.close()
    assert migrated == wanted


@pytest.mark.parametrize("revision", REVISIONS)
async def test_a_database_of_each_revision_is_brought_up_to_date(tmp_path, revision):
    folder = tmp_path / "data"
    folder.mkdir()
    with sqlite3.connect(folder / "fathom.db") as connection:
        connection.executescript((DUMPS / f"{revision}.sql").read_text(encoding="utf-8"))
    connection.close()
    database = sqlite_database(folder)
    messages, search = Messages(database, Changes()), Search(database)
    (found,) = (await search.find("größe", kind="question")).data
    (_, answer) = (await messages.page(found.conversation)).data
    assert [part["type"] for part in answer.parts] == ["thinking", "answer"]
    assert (await search.find("深度求索")).data[0].message == answer.id
    await database.close()
    with (
        create_engine(f"sqlite:///{folder / 'fathom.db'}").connect() as connection,
        create_engine("sqlite://").begin() as new,
    ):
        create(new)
        assert description(connection) == description(new)


@pytest.mark.parametrize("name", ["what? #1 100% é", "100%41?mode=ro&x=1", "数据 folder", "a;b:c'd\"e"])
async def test_a_folder_whose_name_a_url_cannot_hold(tmp_path, name):
    folder = tmp_path / name
    folder.mkdir()
    with sqlite3.connect(folder / "fathom.db") as connection:
        connection.executescript((DUMPS / f"{REVISIONS[0]}.sql").read_text(encoding="utf-8"))
    connection.close()
    database = sqlite_database(folder)
    await database.open()
    await write_backup(database, folder / "a.zip")
    await database.close()
    assert list(tmp_path.iterdir()) == [folder]
    assert len(list((folder / "backups").glob("*.db"))) == 1
    await restore_backup(again := sqlite_database(folder), folder / "a.zip", reindex)
    await again.close()


def test_a_database_from_the_future_is_refused():
    with create_engine("sqlite://").begin() as connection:
        create(connection)
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
        with pytest.raises(StorageError, match=r"later version of Fathom \(schema 9999.*; update Fathom"):
            bring_up_to_date(connection)


def test_a_database_of_another_program_is_refused():
    with create_engine("sqlite://").begin() as connection:
        connection.execute(text("CREATE TABLE songs (name TEXT)"))
        with pytest.raises(StorageError, match="tables of another program; use an empty one"):
            bring_up_to_date(connection)
        assert inspect(connection).get_table_names() == ["songs"]


@pytest.fixture
def old(tmp_path, monkeypatch):
    """A database with rows that lacks one revision: ``make`` writes that, with more of its own."""
    file = tmp_path / "data" / "fathom.db"
    file.parent.mkdir()
    with sqlite3.connect(file) as connection:
        connection.executescript((DUMPS / f"{LATEST}.sql").read_text(encoding="utf-8"))
    connection.close()

    def make(more: str = "pass") -> Path:
        versions = tmp_path / "versions"
        shutil.copytree(migrate.MIGRATIONS / "versions", versions, ignore=shutil.ignore_patterns("__pycache__"))
        (versions / "next.py").write_text(NEXT.format(last=LATEST, more=more))
        monkeypatch.setattr(migrate, "VERSIONS", (versions,))
        monkeypatch.setattr(revisions, "REVISIONS", (*REVISIONS, "9999"))
        monkeypatch.setattr(revisions, "LATEST", "9999")
        return file

    return make


def rows(file: Path, table: str) -> list[Any]:
    connection = sqlite3.connect(file)
    try:
        return sorted(connection.execute(f"SELECT * FROM {table}").fetchall(), key=str)
    finally:
        connection.close()


def test_a_table_that_is_made_anew_takes_nothing_along(old):
    file = old()
    parts, messages = rows(file, "parts"), rows(file, "messages")
    migrate_file(file, file.parent)
    assert (rows(file, "parts"), rows(file, "messages")) == (parts, messages)
    assert rows(file, "alembic_version") == [("9999",)]
    (copy,) = (file.parent / "backups").glob(f"before-schema-9999-from-{LATEST}-*.db")
    assert rows(copy, "alembic_version") == [(LATEST,)]
    assert rows(copy, "parts") == parts


def test_a_migration_that_fails_changes_nothing(old):
    file = old('op.execute("DELETE FROM messages"); 1 / 0')
    messages = rows(file, "messages")
    with pytest.raises(ZeroDivisionError):
        migrate_file(file, file.parent)
    assert rows(file, "messages") == messages
    assert rows(file, "alembic_version") == [(LATEST,)]


def test_a_migration_that_breaks_rows_changes_nothing(old):
    file = old('op.execute("DELETE FROM messages")')
    messages = rows(file, "messages")
    with pytest.raises(StorageError, match=r"would break rows of .*; nothing was changed"):
        migrate_file(file, file.parent)
    assert rows(file, "messages") == messages


def test_without_a_backup_there_is_no_migration(old):
    file = old()
    (file.parent / "backups").touch()
    with pytest.raises(OSError, match="File exists"):
        migrate_file(file, file.parent)
    assert rows(file, "alembic_version") == [(LATEST,)]


KILLED = """
import os, signal, sys
from pathlib import Path
from fathom.server.store import migrate

def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)

file, at = Path(sys.argv[1]), sys.argv[2]
if at == "the copy":
    def back_up(file, folder, revision):
        folder.mkdir()
        (folder / "before-schema-x-from-y-1.db.partial").write_bytes(b"half")
        die()
    migrate.back_up = back_up
else:
    migrate._check_references = die
migrate.migrate_file(file, file.parent)
"""


@pytest.mark.parametrize("at", ["the copy", "the commit"])
async def test_a_server_killed_in_a_migration_does_it_at_its_next_start(tmp_path, at):
    file = tmp_path / "data" / "fathom.db"
    file.parent.mkdir()
    with sqlite3.connect(file) as connection:
        connection.executescript((DUMPS / f"{REVISIONS[0]}.sql").read_text(encoding="utf-8"))
        connection.execute("PRAGMA journal_mode = WAL")
    connection.close()
    messages = rows(file, "messages")
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(file), at], capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    database = sqlite_database(file.parent)
    await database.open()
    await database.close()
    assert rows(file, "alembic_version") == [(LATEST,)]
    assert len(rows(file, "messages")) == len(messages)
    left = [path.name for path in (file.parent / "backups").iterdir()]
    assert all(name.endswith(".db") for name in left)
    for name in left:
        assert rows(file.parent / "backups" / name, "alembic_version") == [(REVISIONS[0],)]


def test_processes_that_start_at_once_migrate_once(old):
    file = old()
    failures: list[BaseException] = []

    def run() -> None:
        try:
            migrate_file(file, file.parent)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert len(list((file.parent / "backups").iterdir())) == 1


def test_a_lock_that_is_never_released(old, monkeypatch):
    file = old()
    monkeypatch.setattr(migrate, "LOCK_SECONDS", 0.01)
    with migrate._file_lock(file), pytest.raises(StorageError, match="another process is bringing the database up"):
        migrate_file(file, file.parent)


async def test_servers_that_start_at_once_on_a_new_database(tmp_path, postgresql_url):
    for databases in (
        [sqlite_database(tmp_path / "data") for _ in range(3)],
        [Database(f"{postgresql_url}&database=fresh", tmp_path) for _ in range(3)],
    ):
        if not databases[0].is_sqlite:
            admin = Database(postgresql_url, tmp_path)
            await admin.open()
            engine = admin._writer.execution_options(isolation_level="AUTOCOMMIT")
            async with engine.connect() as connection:
                await connection.execute(text("CREATE DATABASE fresh"))
            await admin.close()
        await asyncio.gather(*(database.open() for database in databases))
        for database in databases:
            async with database.read() as connection:
                assert await connection.run_sync(revision_of) == LATEST
            await database.close()
