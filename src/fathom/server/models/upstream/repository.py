"""The stored upstream servers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

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

    async def change(
        self,
        identity: str,
        values: Mapping[str, Any],
        *,
        vision: Mapping[str, bool | None] = MappingProxyType({}),
        examined: Upstream | None = None,
    ) -> Upstream | None:
        """Store ``values`` (of ``name``, ``base_url``, ``api_key``, ``models``) and nothing else; the row after it.

        What is known of models' thinking and was chosen for their sight stays; ``vision`` chooses anew. None, and
        nothing is stored, where there is no such upstream, or where it no longer has the address and the key with which
        it was ``examined``. Raises RequestError where its new name is taken, or a model of ``vision`` is not there.
        """
        async with self._database.write() as connection:
            before = await _lock_row(connection, identity)
            if before is None or (examined is not None and _target(before) != _target(examined)):
                return None
            if "models" in values or vision:
                models = _keep_found(before.models, values.get("models", before.models))
                values = {**values, "models": _choose_vision(models, vision)}
            after = replace(before, **values)
            await _write(connection, identity, values)
        return after

    async def remove(self, identity: str) -> bool:
        """Whether there was one."""
        async with self._database.write() as connection:
            result = await connection.execute(delete(upstreams).where(upstreams.c.id == identity))
        return bool(result.rowcount)

    async def note_thinking(self, identity: str, model: str) -> None:
        """Remember that a model thinks."""
        async with self._database.write() as connection:
            upstream = await _lock_row(connection, identity)
            if upstream is not None and any(each.id == model and not each.thinking for each in upstream.models):
                models = (replace(each, thinking=True) if each.id == model else each for each in upstream.models)
                await _write(connection, identity, {"models": tuple(models)})


async def _lock_row(connection: AsyncConnection, identity: str) -> Upstream | None:
    """The row, which no other transaction changes before this one ends."""
    query = select(upstreams).where(upstreams.c.id == identity).with_for_update()
    row = (await connection.execute(query)).one_or_none()
    return _upstream(row) if row is not None else None


async def _write(connection: AsyncConnection, identity: str, values: Mapping[str, Any]) -> None:
    columns = dict(values)
    if "models" in columns:
        columns["models"] = [model.as_json() for model in columns["models"]]
    if not columns:
        return
    try:
        await connection.execute(update(upstreams).where(upstreams.c.id == identity).values(columns))
    except IntegrityError:
        raise _name_error(str(columns.get("name"))) from None


def _keep_found(before: Iterable[UpstreamModel], now: Iterable[UpstreamModel]) -> tuple[UpstreamModel, ...]:
    """The models ``now`` with what was found out and chosen ``before``."""
    known = {model.id: model for model in before}
    pairs = ((model, known.get(model.id, model)) for model in now)
    return tuple(
        replace(model, thinking=model.thinking or old.thinking, chosen_vision=old.chosen_vision) for model, old in pairs
    )


def _choose_vision(models: tuple[UpstreamModel, ...], vision: Mapping[str, bool | None]) -> tuple[UpstreamModel, ...]:
    """The models with what the user says of their sight. Raises RequestError for a name that none has."""
    if unknown := vision.keys() - {model.id for model in models}:
        raise RequestError(f"there is no model called {min(unknown)!r}", "write one as its server does", "vision")
    return tuple(replace(model, chosen_vision=vision[model.id]) if model.id in vision else model for model in models)


def _target(upstream: Upstream) -> tuple[str, str | None]:
    return upstream.base_url, upstream.api_key


def _name_error(name: str) -> RequestError:
    return RequestError(f"there is an upstream called {name!r}", "choose another name", "name")


def _upstream(row: Any) -> Upstream:
    models = tuple(UpstreamModel.from_json(entry) for entry in row.models)
    return Upstream(row.id, row.name, row.base_url, row.api_key, models, row.created)
