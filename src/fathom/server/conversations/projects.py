"""Projects: folders of conversations, with instructions and files of their own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Select, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from fathom.server.errors import NotFoundError
from fathom.server.store.database import Database
from fathom.server.store.ids import milliseconds, new_id
from fathom.server.store.schema import conversations, files, project_files, projects
from fathom.server.store.text import storable


@dataclass(frozen=True, slots=True)
class Project:
    """``conversations`` and ``files`` are how many it has; conversations in the trash do not count."""

    id: str
    name: str
    instructions: str
    created: int
    updated: int
    conversations: int = 0
    files: int = 0

    def json(self) -> Any:
        """As the API has it."""
        return asdict(self)


class Projects:
    """All projects of one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def list(self) -> list[Project]:
        """In the order of their names."""
        async with self._database.read() as connection:
            rows = await connection.execute(_query().order_by(func.lower(projects.c.name), projects.c.id))
        return [Project(**row) for row in rows.mappings()]

    async def get(self, project: str) -> Project:
        """Raises NotFoundError."""
        async with self._database.read() as connection:
            return await _get(connection, project)

    async def create(self, name: str, instructions: str = "") -> Project:
        now = milliseconds()
        row: dict[str, Any] = {
            "id": new_id(),
            "name": storable(name),
            "instructions": storable(instructions),
            "created": now,
        }
        async with self._database.write() as connection:
            await connection.execute(insert(projects), {**row, "updated": now})
        return Project(**row, updated=now)

    async def change(self, project: str, **fields: str) -> Project:
        """Set ``name``, ``instructions`` or both. Raises NotFoundError."""
        values = {name: storable(value) for name, value in fields.items()}
        async with self._database.write() as connection:
            await connection.execute(
                update(projects).where(projects.c.id == project).values(**values, updated=milliseconds())
            )
            return await _get(connection, project)

    async def delete(self, project: str) -> None:
        """Delete a project; its conversations stay, outside of any. Raises NotFoundError."""
        async with self._database.write() as connection:
            await _get(connection, project)
            await connection.execute(delete(projects).where(projects.c.id == project))

    async def files(self, project: str) -> Sequence[dict[str, Any]]:
        """The files of a project, oldest first, as the API has them. Raises NotFoundError."""
        async with self._database.read() as connection:
            await _get(connection, project)
            query = select(files).join(project_files, project_files.c.file_id == files.c.id)
            rows = await connection.execute(query.where(project_files.c.project_id == project).order_by(files.c.id))
        return [{name: value for name, value in row.items() if name != "sha256"} for row in rows.mappings()]

    async def add_file(self, project: str, file: str) -> None:
        """Let all conversations of ``project`` use ``file``. Raises NotFoundError where either is missing."""
        async with self._database.write() as connection:
            await _get(connection, project)
            key = (project_files.c.project_id == project) & (project_files.c.file_id == file)
            if (await connection.execute(select(project_files).where(key))).first() is None:
                try:
                    await connection.execute(insert(project_files), {"project_id": project, "file_id": file})
                except IntegrityError:
                    raise NotFoundError(f"there is no file {file[:64]!r}", "upload it first") from None

    async def remove_file(self, project: str, file: str) -> None:
        """Take ``file`` out of ``project``; it is deleted later where nothing else refers to it."""
        key = (project_files.c.project_id == project) & (project_files.c.file_id == file)
        async with self._database.write() as connection:
            result = await connection.execute(delete(project_files).where(key))
        if result.rowcount == 0:
            raise NotFoundError(f"the project has no file {file[:64]!r}")


def _query() -> Select[Any]:
    chats = select(func.count()).where(conversations.c.project_id == projects.c.id, conversations.c.deleted.is_(None))
    attached = select(func.count()).where(project_files.c.project_id == projects.c.id)
    return select(projects, chats.scalar_subquery().label("conversations"), attached.scalar_subquery().label("files"))


async def _get(connection: AsyncConnection, project: str) -> Project:
    row = (await connection.execute(_query().where(projects.c.id == project))).mappings().first()
    if row is None:
        raise NotFoundError(f"there is no project {project[:64]!r}")
    return Project(**row)
