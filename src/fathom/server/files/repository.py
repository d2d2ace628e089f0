"""Files and passages in the database."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import Row, Select, delete, func, insert, literal, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from fathom.server.errors import NotFoundError
from fathom.server.files.records import StoredFile, StoredPassage
from fathom.server.store.database import Database
from fathom.server.store.references import file_ids
from fathom.server.store.schema import REFERRING, conversations, files, messages, parts, passages, project_files

_BATCH = 500
_HOLDERS = ("file", "tool_call")
"""Types of the parts that may hold files."""


class FileRepository:
    """Reads and writes rows; the bytes are in a `ContentStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, file: StoredFile) -> None:
        async with self._database.write() as connection:
            await connection.execute(insert(files), asdict(file))

    async def get(self, id_: str) -> StoredFile | None:
        return next(iter(await self.get_many([id_])), None)

    async def get_many(self, ids: Sequence[str]) -> list[StoredFile]:
        """The files with these ids that exist, in the order of ``ids``."""
        async with self._database.read() as connection:
            rows = await connection.execute(select(files).where(files.c.id.in_(set(ids))))
            by_id = {row.id: _file(row) for row in rows}
        return [by_id[id_] for id_ in dict.fromkeys(ids) if id_ in by_id]

    async def of_project(self, project: str) -> list[str]:
        """The ids of a project's files, oldest first."""
        async with self._database.read() as connection:
            statement = select(project_files.c.file_id).where(project_files.c.project_id == project)
            return list((await connection.execute(statement.order_by(project_files.c.file_id))).scalars())

    async def in_reading(self) -> list[str]:
        """The ids of files that are not read yet, oldest first."""
        async with self._database.read() as connection:
            statement = select(files.c.id).where(files.c.state == "reading").order_by(files.c.id)
            return list((await connection.execute(statement)).scalars())

    async def copy_passages(self, id_: str, sha256: str, name: str) -> bool:
        """Give a file the passages of one with equal content and name, if such a one has been read.

        One whose pictures were not read is no such one: they may be today.
        """
        async with self._database.write() as connection:
            same = (
                (files.c.sha256 == sha256) & (files.c.name == name) & (files.c.state == "ready") & (files.c.id != id_)
            )
            read = (await connection.execute(select(files).where(same).order_by(files.c.id.desc()).limit(1))).first()
            if read is None or read.data.get("picture_pages") or not read.data.get("passages", 1):
                return False
            columns = ["file_id", "position", "place", "text", "tokens"]
            source = select(literal(id_, passages.c.file_id.type), *[passages.c[name] for name in columns[1:]])
            await connection.execute(insert(passages).from_select(columns, source.where(passages.c.file_id == read.id)))
            values = {"state": "ready", "tokens": read.tokens, "data": read.data, "media_type": read.media_type}
            await connection.execute(update(files).where(files.c.id == id_).values(**values))
            return True

    async def clear_passages(self, id_: str) -> None:
        async with self._database.write() as connection:
            await connection.execute(delete(passages).where(passages.c.file_id == id_))

    async def add_passages(self, new: Sequence[StoredPassage]) -> None:
        """Add passages of one file. Raises NotFoundError where it was deleted meanwhile."""
        rows = [{"file_id": passage.file, **_without_file(passage)} for passage in new]
        async with self._database.write() as connection:
            query = select(files.c.id).where(files.c.id.in_({passage.file for passage in new})).with_for_update()
            if new and (await connection.execute(query)).first() is None:
                raise NotFoundError("the file was deleted", "attach it again")
            for start in range(0, len(rows), _BATCH):
                await connection.execute(insert(passages), rows[start : start + _BATCH])

    async def finish(self, id_: str, values: Mapping[str, Any]) -> None:
        """Note how reading ended: ``state`` with ``tokens``, ``media_type``, ``data`` or ``error``."""
        async with self._database.write() as connection:
            await connection.execute(update(files).where(files.c.id == id_).values(**values))

    async def passages(self, id_: str, after: int = -1, limit: int | None = None) -> list[StoredPassage]:
        """The passages of a file whose position is beyond ``after``, in order."""
        statement = select(passages).where(passages.c.file_id == id_, passages.c.position > after)
        return await self._passages(statement.order_by(passages.c.position).limit(limit))

    async def passages_of(self, ids: Sequence[str]) -> list[StoredPassage]:
        """All passages of these files, in order within each."""
        statement = select(passages).where(passages.c.file_id.in_(set(ids)))
        return await self._passages(statement.order_by(passages.c.file_id, passages.c.position))

    async def delete(self, id_: str) -> str | None:
        """Delete a file's row and passages. The hash of its content where no other file has the same, else None."""
        async with self._database.write() as connection:
            return await _delete(connection, id_)

    async def delete_unused(self, id_: str) -> tuple[tuple[int, int], str | None]:
        """The same, unless messages or projects hold it by now: how many do, and that hash."""
        async with self._database.write() as connection:
            await connection.execute(select(files.c.id).where(files.c.id == id_).with_for_update())
            uses = await _uses(connection, id_)
            return uses, None if any(uses) else await _delete(connection, id_)

    async def find_unused(self, before: int) -> list[str]:
        """Files that were stored before this time and are in no message and no project."""
        attached, made = parts.c.data["file"].as_string(), parts.c.data["result"]["files"].as_string()
        holders = select(attached, made).where(REFERRING, parts.c.type.in_(_HOLDERS))
        async with self._database.read() as connection:
            held = set((await connection.execute(select(project_files.c.file_id).distinct())).scalars())
            for file, several in await connection.execute(holders):
                held.update([file] if file else (one["id"] for one in json.loads(several or "[]")))
            old = select(files.c.id).where(files.c.created < before).order_by(files.c.id)
            return [id_ for id_ in (await connection.execute(old)).scalars() if id_ not in held]

    async def of_conversations(self, ids: Iterable[str]) -> list[str]:
        """The files in messages of these conversations, attached or made by tools."""
        statement = (
            select(parts.c.data)
            .join(messages, messages.c.id == parts.c.message_id)
            .join(conversations, conversations.c.id == messages.c.conversation_id)
            .where(parts.c.type.in_(_HOLDERS), conversations.c.id.in_(set(ids)))
        )
        async with self._database.read() as connection:
            return sorted({id_ for data in (await connection.execute(statement)).scalars() for id_ in file_ids(data)})

    async def _passages(self, statement: Select[Any]) -> list[StoredPassage]:
        async with self._database.read() as connection:
            return [
                StoredPassage(row.file_id, row.position, row.place, row.text, row.tokens)
                for row in await connection.execute(statement)
            ]


async def _uses(connection: AsyncConnection, id_: str) -> tuple[int, int]:
    held = select(func.count()).select_from(parts).where(REFERRING, *_holds(id_))
    shared = select(func.count()).select_from(project_files).where(project_files.c.file_id == id_)
    return (await connection.execute(held)).scalar_one(), (await connection.execute(shared)).scalar_one()


async def _delete(connection: AsyncConnection, id_: str) -> str | None:
    sha256 = (await connection.execute(select(files.c.sha256).where(files.c.id == id_))).scalar_one_or_none()
    await connection.execute(delete(files).where(files.c.id == id_))
    others = select(func.count()).select_from(files).where(files.c.sha256 == sha256)
    return sha256 if not (await connection.execute(others)).scalar_one() else None


def _holds(id_: Any) -> tuple[Any, Any]:
    """The conditions for a part to hold a file: one that was attached, or the result of a tool call."""
    made = parts.c.data["result"]["files"].as_string()
    attached = parts.c.data["file"].as_string() == id_
    return parts.c.type.in_(_HOLDERS), or_(attached, made.contains(id_))


def _file(row: Row[Any]) -> StoredFile:
    return StoredFile(**row._mapping)


def _without_file(passage: StoredPassage) -> dict[str, Any]:
    return {name: value for name, value in asdict(passage).items() if name != "file"}
