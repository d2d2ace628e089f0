"""Restoring a backup: verified first, in one transaction, with what was there kept aside as a backup of its own."""

from __future__ import annotations

import io
import json
import os
import shutil
import sqlite3
import zipfile
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Table, delete, func, insert, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from fathom.server.store.backup import tables, write_backup
from fathom.server.store.backup_file import CHUNK, BackupError, Manifest, open_backup, verify
from fathom.server.store.database import Database
from fathom.server.store.revisions import LATEST, REVISIONS
from fathom.server.store.schema import search_entries

BATCH = 500
Index = Callable[[AsyncConnection], Awaitable[None]]
"""Makes the search index of all that is stored."""


@dataclass(frozen=True, slots=True)
class Restoration:
    """``aside`` is the backup of what was there; None where nothing was."""

    manifest: Manifest
    aside: Path | None


async def restore_backup(database: Database, path: Path, index: Index) -> Restoration:
    """Replace what is stored in ``database`` by the backup at ``path``.

    Raises BackupError, before anything is changed, for one that is damaged, of a later version, or larger than the disk
    has room for, and while a server uses the database.
    """
    manifest = verify(path)
    if manifest.schema not in REVISIONS:
        raise BackupError(
            f"the backup was made by a later version of Fathom ({manifest.fathom}, schema {manifest.schema}; this has "
            f"schema {LATEST})",
            "update Fathom, then restore",
        )
    _check_space(database.data_dir, manifest)
    if database.file is not None:
        _check_unused(database.file)
    await database.open()
    aside = await _set_aside(database)
    with open_backup(path) as archive:
        _restore_files(archive, manifest, database.data_dir / "files")
        try:
            async with database.write() as connection:
                await _replace(connection, archive)
                await index(connection)
        except (SQLAlchemyError, ValueError, TypeError, KeyError) as error:
            raise BackupError(
                f"the rows of the backup do not fit the tables of this version (schema {manifest.schema})",
                f"restore it with Fathom {manifest.fathom}, then update",
            ) from error
    return Restoration(manifest, aside)


def _check_space(folder: Path, manifest: Manifest) -> None:
    """Rows are in the database, its log and the index for a while."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    needed, free = 3 * manifest.bytes, shutil.disk_usage(folder).free
    if needed > free:
        raise BackupError(
            f"the disk has {free >> 20} MB free, and the restore may need {needed >> 20} MB", f"free space at {folder}"
        )


def _check_unused(file: Path) -> None:
    """A process that has a SQLite database open keeps it from being locked exclusively."""
    if not file.exists():
        return
    try:
        with closing(sqlite3.connect(file, timeout=0.2, isolation_level=None)) as connection:
            connection.execute("PRAGMA locking_mode = EXCLUSIVE")
            connection.execute("BEGIN EXCLUSIVE")
            connection.execute("ROLLBACK")
    except sqlite3.OperationalError as error:
        if "locked" in str(error):
            raise BackupError("a server uses the database", "stop it, then restore") from None
        raise BackupError(f"the database cannot be opened: {error}", f"move {file} away, then restore") from error
    except sqlite3.DatabaseError as error:
        raise BackupError(f"the present database is damaged: {error}", f"move {file} away, then restore") from error


async def _set_aside(database: Database) -> Path | None:
    async with database.read() as connection:
        counts = [
            (await connection.execute(select(func.count()).select_from(table))).scalar_one() for table in tables()
        ]
    if not any(counts):
        return None
    moment = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
    aside = database.data_dir / "backups" / f"before-restore-{moment}.zip"
    await write_backup(database, aside)
    return aside


def _restore_files(archive: zipfile.ZipFile, manifest: Manifest, folder: Path) -> None:
    """Add the files that are not there; those that are have the same content, since their hash is their name."""
    for name in manifest.entries:
        kind, _, digest = name.partition("/")
        target = folder / digest[:2] / digest
        if kind != "files" or target.exists():
            continue
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            partial = target.with_name(f"{digest}.partial")
            with archive.open(name) as source, partial.open("wb") as output:
                shutil.copyfileobj(source, output, CHUNK)
                output.flush()
                os.fsync(output.fileno())
            partial.rename(target)
        except OSError as error:
            raise BackupError(f"{target} cannot be written: {error.strerror or error}", "free space") from error


async def _replace(connection: AsyncConnection, archive: zipfile.ZipFile) -> None:
    """Delete all rows, then insert those of the backup, owners first."""
    await connection.execute(delete(search_entries))
    for table in reversed(tables()):
        await connection.execute(delete(table))
    for table in tables():
        batch: list[dict[str, Any]] = []
        for row in _lines(archive, table):
            batch.append(row)
            if len(batch) == BATCH:
                await connection.execute(insert(table), batch)
                batch = []
        if batch:
            await connection.execute(insert(table), batch)


def _lines(archive: zipfile.ZipFile, table: Table) -> Iterator[dict[str, Any]]:
    name = f"tables/{table.name}.jsonl"
    if name not in archive.namelist():
        return  # a table that came later
    empty = {column.name: None for column in table.columns if column.nullable}
    with archive.open(name) as entry, io.TextIOWrapper(entry, "utf-8", newline="\n") as lines:
        for line in lines:
            yield empty | json.loads(line)
