"""Bringing a database's schema up to date, once, however many processes start together.

A new database gets the latest schema at once; an older one goes through the revisions it lacks. Both happen in one
transaction under a lock that other processes wait for. Of a SQLite file a copy is made first, in ``backups`` in the
data folder; a PostgreSQL server has backups of its own.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from filelock import FileLock, Timeout
from sqlalchemy import URL, Connection, Engine, NullPool, create_engine, event, inspect, text
from sqlalchemy.ext.asyncio import AsyncEngine

from fathom import __version__
from fathom.base.errors import StorageError
from fathom.server.store import revisions
from fathom.server.store.ids import milliseconds
from fathom.server.store.schema import metadata

if TYPE_CHECKING:
    from alembic.config import Config

logger = logging.getLogger(__name__)

MIGRATIONS = Path(__file__).parent / "migrations"
VERSIONS: tuple[Path, ...] = (MIGRATIONS / "versions",)
LOCK_SECONDS = 600.0
"""How long a process waits for another that brings the same database up to date."""
ADVISORY_LOCK = 0x66617468
"""The key of PostgreSQL's advisory lock for the schema: "fath"."""


async def migrate(engine: AsyncEngine, file: Path | None, data_dir: Path) -> None:
    """Create the schema, or bring it up to date; ``file`` is a SQLite database's.

    Raises StorageError for a database of a later version. A migration that fails leaves the database as it was.
    """
    async with engine.connect() as connection:
        revision = await connection.run_sync(revision_of)
    if revision == revisions.LATEST:
        return
    if file is not None:
        await asyncio.to_thread(migrate_file, file, data_dir)
        return
    async with engine.begin() as connection:
        await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": ADVISORY_LOCK})
        await connection.run_sync(bring_up_to_date)


def migrate_file(file: Path, data_dir: Path) -> None:
    """Create or upgrade the schema of a SQLite database, after a backup. Other processes wait."""
    with _file_lock(file):
        engine = _engine(file)
        with engine.connect() as connection:
            revision = revision_of(connection)
        if revision == revisions.LATEST:
            return  # another process did it
        if revision is not None:
            backup = back_up(file, data_dir / "backups", revision)
            logger.info("the database goes from schema %s to %s; a copy is %s", revision, revisions.LATEST, backup)
        with engine.begin() as connection:
            bring_up_to_date(connection)
            _check_references(connection)


@contextmanager
def _file_lock(file: Path) -> Iterator[None]:
    lock = FileLock(file.with_name(f"{file.name}.lock"))
    try:
        lock.acquire(timeout=LOCK_SECONDS)
    except Timeout:
        raise StorageError("another process is bringing the database up to date", "wait for it, or end it") from None
    try:
        yield
    finally:
        lock.release()


def _engine(file: Path) -> Engine:
    """Connections that do not enforce foreign keys: a table that is made anew would take along what refers to it."""
    engine = create_engine(URL.create("sqlite", database=str(file)), poolclass=NullPool, connect_args={"timeout": 30.0})

    @event.listens_for(engine, "connect")
    def connect(connection: Any, _: Any) -> None:
        connection.isolation_level = None
        connection.execute("PRAGMA foreign_keys = OFF")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


def back_up(file: Path, folder: Path, revision: str) -> Path:
    """A copy of a SQLite database as of now, while others may use it. Raises StorageError where there is no room.

    It has its name only once it is whole; what an attempt that was killed left is removed.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for left in folder.glob("before-schema-*.partial"):
        left.unlink(missing_ok=True)
    copy = folder / f"before-schema-{revisions.LATEST}-from-{revision}-{milliseconds()}.db"
    partial = copy.with_name(f"{copy.name}.partial")
    try:
        with closing(sqlite3.connect(file)) as source, closing(sqlite3.connect(partial)) as target:
            source.backup(target)
    except sqlite3.Error as error:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
        raise StorageError(
            f"the database could not be copied before it is brought up to date: {error}",
            f"check the space and the permissions of {folder}; nothing was changed",
        ) from error
    partial.rename(copy)
    return copy


def _check_references(connection: Connection) -> None:
    """Raise StorageError, before the commit, where a row refers to one that is gone."""
    broken = connection.execute(text("PRAGMA foreign_key_check")).first()
    if broken is not None:
        raise StorageError(
            f"bringing the database up to date would break rows of {broken[0]}", "nothing was changed; report this"
        )


def bring_up_to_date(connection: Connection) -> None:
    """Create or upgrade the schema within the transaction of ``connection``."""
    revision = revision_of(connection)
    if revision is None:
        create(connection)
    elif revision != revisions.LATEST:
        upgrade(connection, revisions.LATEST)


def revision_of(connection: Connection) -> str | None:
    """The schema's revision; None for an empty database. Raises StorageError where it is not one of ours."""
    if not inspect(connection).has_table("alembic_version"):
        if inspect(connection).get_table_names():
            raise StorageError(
                "the database holds tables of another program", "use an empty one, or another file, for Fathom"
            )
        return None
    revision: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    if revision not in revisions.REVISIONS:
        raise StorageError(
            f"the database was written by a later version of Fathom (schema {revision}; this is {__version__} with "
            f"schema {revisions.LATEST})",
            "update Fathom, or restore a backup that this version made",
        )
    return revision


def create(connection: Connection) -> None:
    """The latest schema in an empty database, without Alembic, whose import takes longer than this."""
    metadata.create_all(connection)
    connection.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)"))
    connection.execute(text("INSERT INTO alembic_version VALUES (:revision)"), {"revision": revisions.LATEST})


def upgrade(connection: Connection, revision: str) -> None:
    """Run the revisions up to ``revision`` in the transaction of ``connection``."""
    from alembic import command  # noqa: PLC0415, takes longer than all else at the start, and is needed rarely

    config = configuration()
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


def configuration() -> Config:
    """Alembic's, for the packaged revisions."""
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("path_separator", "newline")  # a path may hold what the other separators are
    for name, folders in (("script_location", (MIGRATIONS,)), ("version_locations", VERSIONS)):
        config.set_main_option(name, "\n".join(str(folder).replace("%", "%%") for folder in folders))
    return config
