"""Bringing a database's schema up to date.

A new database gets the latest schema at once; an older one goes through the revisions it lacks, in one transaction.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, inspect, text
from sqlalchemy.ext.asyncio import AsyncEngine

from fathom import __version__
from fathom.base.errors import StorageError
from fathom.server.store.revisions import LATEST, REVISIONS
from fathom.server.store.schema import metadata

if TYPE_CHECKING:
    from alembic.config import Config

MIGRATIONS = Path(__file__).parent / "migrations"


async def migrate(engine: AsyncEngine, data_dir: Path) -> None:  # noqa: ARG001
    """Create the schema, or bring it up to date. Raises StorageError for a database of a later version."""
    async with engine.connect() as connection:
        revision = await connection.run_sync(revision_of)
    if revision == LATEST:
        return
    async with engine.begin() as connection:
        await connection.run_sync(bring_up_to_date)


def bring_up_to_date(connection: Connection) -> None:
    """Create or upgrade the schema within the transaction of ``connection``."""
    revision = revision_of(connection)
    if revision is None:
        create(connection)
    elif revision != LATEST:
        upgrade(connection)


def revision_of(connection: Connection) -> str | None:
    """The schema's revision; None for an empty database. Raises StorageError where it is not one of ours."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    revision = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    if revision not in REVISIONS:
        raise StorageError(
            f"the database was written by a later version of Fathom (schema {revision}, this is {__version__} with "
            f"schema {LATEST})",
            "update Fathom, or restore a backup of this version's",
        )
    return revision


def create(connection: Connection) -> None:
    """The latest schema in an empty database, without Alembic, whose import takes longer than this."""
    metadata.create_all(connection)
    connection.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)"))
    connection.execute(text("INSERT INTO alembic_version VALUES (:revision)"), {"revision": LATEST})


def upgrade(connection: Connection, revision: str = LATEST) -> None:
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
    config.set_main_option("script_location", str(MIGRATIONS))
    config.set_main_option("version_locations", str(MIGRATIONS / "versions"))
    return config
