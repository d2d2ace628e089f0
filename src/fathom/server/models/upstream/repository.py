"""The stored upstream servers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from fathom.base.errors import RequestError
from fathom.server.models.upstream.records import Upstream, UpstreamModel
from fathom.server.store.database import Database
from fathom.server.store.ids import milliseconds, new_id
from fathom.server.store.schema import upstreams


class UpstreamRepository:
    """Reads and writes upstreams. All methods raise StorageError where the database cannot be used."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def all(self) -> list[Upstream]:
        """In the order in which they were added."""
        async with self._database.read() as connection:
            rows = await connection.execute(select(upstreams).order_by(upstreams.c.id))
            return [_upstream(row) for row in rows]

    async def get(self, identity: str) -> Upstream | None:
        async with self._database.read() as connection:
            row = (await connection.execute(select(upstreams).where(upstreams.c.id == identity))).one_or_none()
        return _upstream(row) if row is not None else None

    async def find_by_name(self, name: str) -> Upstream | None:
        async with self._database.read() as connection:
            row = (await connection.execute(select(upstreams).where(upstreams.c.name == name))).one_or_none()
        return _upstream(row) if row is not None else None

    async def add(self, name: str, base_url: str, api_key: str | None, models: Sequence[UpstreamModel]) -> Upstream:
        """Raises RequestError where the name is taken."""
        upstream = Upstream(new_id(), name, base_url, api_key, tuple(models), milliseconds())
        values = {
            "id": upstream.id,
            "name": name,
            "base_url": base_url,
            "api_key": api_key,
            "models": [model.as_json() for model in models],
            "created": upstream.created,
        }
        try:
            async with self._database.write() as connection:
                await connection.execute(insert(upstreams).values(values))
        except IntegrityError:
            raise _name_error(name) from None
        return upstream

    async def change(self, upstream: Upstream) -> None:
        """Store what is different about an upstream. Raises RequestError where its new name is taken."""
        values = {
            "name": upstream.name,
            "base_url": upstream.base_url,
            "api_key": upstream.api_key,
            "models": [model.as_json() for model in upstream.models],
        }
        try:
            async with self._database.write() as connection:
                await connection.execute(update(upstreams).where(upstreams.c.id == upstream.id).values(values))
        except IntegrityError:
            raise _name_error(upstream.name) from None

    async def remove(self, identity: str) -> bool:
        """Whether there was one."""
        async with self._database.write() as connection:
            result = await connection.execute(delete(upstreams).where(upstreams.c.id == identity))
        return bool(result.rowcount)

    async def note_thinking(self, identity: str, model: str) -> None:
        """Remember that a model thinks."""
        upstream = await self.get(identity)
        if upstream is not None and any(each.id == model and not each.thinking for each in upstream.models):
            models = (replace(each, thinking=True) if each.id == model else each for each in upstream.models)
            await self.change(replace(upstream, models=tuple(models)))


def _name_error(name: str) -> RequestError:
    return RequestError(f"there is an upstream called {name!r}", "choose another name", "name")


def _upstream(row: Any) -> Upstream:
    models = tuple(UpstreamModel.from_json(entry) for entry in row.models)
    return Upstream(row.id, row.name, row.base_url, row.api_key, models, row.created)
