"""Writing a backup while the server runs.

All rows are read in one transaction, which sees one state of the database however long it takes. Attached files are
stored under their hash and never change, so they are copied as they are. Temporary conversations are left out with
what they alone hold, and so is the search index, which a restore makes anew.
"""

from __future__ import annotations

import hashlib
import json
import os
import zipfile
from collections.abc import AsyncIterator, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, Table, false, select, true
from sqlalchemy.ext.asyncio import AsyncConnection

from fathom import __version__
from fathom.server.store.backup_file import CHUNK, MANIFEST, BackupError, Manifest, verify
from fathom.server.store.database import Database
from fathom.server.store.ids import milliseconds
from fathom.server.store.references import file_ids
from fathom.server.store.revisions import LATEST
from fathom.server.store.schema import (
    REFERRING,
    conversations,
    files,
    messages,
    metadata,
    parts,
    project_files,
    runs,
    web_pages,
)

DERIVED = frozenset({"search_entries"})
"""Tables that are made from others."""


def tables() -> list[Table]:
    """Those of a backup, owners before what they own."""
    return [table for table in metadata.sorted_tables if table.name not in DERIVED]


async def write_backup(database: Database, path: Path) -> Manifest:
    """Write a backup of ``database`` and its files to ``path``, which must not exist, and verify it.

    It has its name only once it is whole. Raises BackupError where it cannot be written, StorageError for the database.
    """
    if path.exists():
        raise BackupError(f"{path} exists", "choose another name")
    partial = path.with_name(f"{path.name}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        await _write(database, partial)
        manifest = verify(partial)
        partial.rename(path)
    except OSError as error:
        raise BackupError(f"{path} cannot be written: {error.strerror or error}", "choose another place") from error
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
    return manifest


async def _write(database: Database, path: Path) -> None:
    entries: dict[str, dict[str, Any]] = {}
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)  # conversations are private
    with os.fdopen(handle, "wb") as output:
        with zipfile.ZipFile(output, "w", zipfile.ZIP_DEFLATED, compresslevel=3) as archive:
            async with database.read() as connection:
                hidden = await _files_of_temporary(connection)
                for table in tables():
                    name = f"tables/{table.name}.jsonl"
                    entries[name] = await _write_table(archive, name, _rows(connection, table, hidden))
                query = select(files.c.sha256).where(files.c.id.not_in(hidden)).distinct()
                hashes = (await connection.execute(query)).scalars().all()
            for digest in hashes:
                source = database.data_dir / "files" / digest[:2] / digest
                if source.is_file():
                    entries[f"files/{digest}"] = _write_file(archive, f"files/{digest}", source)
            manifest = Manifest(__version__, LATEST, milliseconds(), entries)
            archive.writestr(MANIFEST, json.dumps(manifest.json()))
        output.flush()
        os.fsync(output.fileno())


async def _write_table(archive: zipfile.ZipFile, name: str, rows: AsyncIterator[dict[str, Any]]) -> dict[str, Any]:
    digest, size, count = hashlib.sha256(), 0, 0
    with archive.open(name, "w", force_zip64=True) as entry:
        async for row in rows:
            line = json.dumps(row, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
            entry.write(line)
            digest.update(line)
            size, count = size + len(line), count + 1
    return {"sha256": digest.hexdigest(), "bytes": size, "rows": count}


def _write_file(archive: zipfile.ZipFile, name: str, source: Path) -> dict[str, Any]:
    digest, size = hashlib.sha256(), 0
    information = zipfile.ZipInfo(name)
    information.compress_type = zipfile.ZIP_DEFLATED
    with source.open("rb") as content, archive.open(information, "w", force_zip64=True) as entry:
        while chunk := content.read(CHUNK):
            entry.write(chunk)
            digest.update(chunk)
            size += len(chunk)
    if digest.hexdigest() != source.name:
        raise BackupError(f"the stored file {source} is damaged", "delete its attachment, then back up again")
    return {"sha256": digest.hexdigest(), "bytes": size}


async def _rows(connection: AsyncConnection, table: Table, hidden: Iterable[str]) -> AsyncIterator[dict[str, Any]]:
    keys = list(table.primary_key.columns)
    result = await connection.stream(select(table).where(_is_kept(table, hidden)).order_by(*keys))
    async for row in result.mappings():
        yield dict(row)


def _is_kept(table: Table, hidden: Iterable[str]) -> ColumnElement[bool]:
    """Whether a row belongs to no temporary conversation; a page of the web: whether another one cites it."""
    temporary = select(conversations.c.id).where(conversations.c.temporary == true())
    if table is conversations:
        return conversations.c.temporary == false()
    if table is files:
        return files.c.id.not_in(hidden)
    if table is web_pages:
        cited = select(parts.c.data["source"].as_string()).join_from(parts, messages).join(conversations)
        return web_pages.c.id.in_(
            cited.where(REFERRING, parts.c.type == "citation", conversations.c.temporary == false())
        )
    for name, owner in (("message_id", messages), ("run_id", runs)):
        if table.primary_key.columns.get(name) is not None:
            inside = select(owner.c.id).where(owner.c.conversation_id.in_(temporary))
            return table.c[name].not_in(inside)
    if "file_id" in table.c:
        return table.c.file_id.not_in(hidden)
    return table.c.conversation_id.not_in(temporary) if "conversation_id" in table.c else true()


async def _files_of_temporary(connection: AsyncConnection) -> list[str]:
    """Files that only temporary conversations hold."""
    query = select(parts.c.data, conversations.c.temporary).join_from(parts, messages).join(conversations)
    hidden: set[str] = set()
    kept = set((await connection.execute(select(project_files.c.file_id))).scalars())
    for row in await connection.execute(query.where(REFERRING, parts.c.type != "citation")):
        (hidden if row.temporary else kept).update(file_ids(row.data))
    return sorted(hidden - kept)
