"""Where preferences are stored.

One row a field, so that two devices which change different ones do not undo each other. A row that this version cannot
read, written by another one or by hand, counts as not set.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError
from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from fathom.server.conversations.preference_fields import Preferences
from fathom.server.store.database import Database
from fathom.server.store.schema import preferences
from fathom.server.store.text import storable

logger = logging.getLogger(__name__)


class PreferenceStore:
    """The preferences of one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self) -> Preferences:
        async with self._database.read() as connection:
            return _read(await _rows(connection))

    async def change(self, fields: Mapping[str, Any]) -> Preferences:
        """Set what ``fields`` (validated, of `Preferences`) names; None in ``run`` and ``search`` unsets.

        These two are objects, of which only the named fields change.
        """
        async with self._database.write() as connection:
            await self._database.lock(connection, preferences)
            rows = await _rows(connection)
            changed = {
                name: _merge(rows.get(name), value) if name in ("run", "search") else value
                for name, value in fields.items()
            }
            if changed:
                await connection.execute(delete(preferences).where(preferences.c.name.in_(changed)))
                values = [{"name": name, "value": _clean(value)} for name, value in changed.items()]
                await connection.execute(insert(preferences), values)
        return _read(rows | changed)


async def _rows(connection: AsyncConnection) -> dict[str, Any]:
    return {row.name: row.value for row in await connection.execute(select(preferences))}


def _merge(before: Any, change: Mapping[str, Any]) -> dict[str, Any]:
    merged = {**(before if isinstance(before, dict) else {}), **change}
    return {name: value for name, value in merged.items() if value is not None}


def _clean(value: Any) -> Any:
    return storable(value) if isinstance(value, str) else value


def _read(rows: Mapping[str, Any]) -> Preferences:
    values = dict(rows)
    while True:
        try:
            return Preferences(**values)
        except ValidationError as error:
            name = str(error.errors()[0]["loc"][0])
            logger.warning("the stored preference %s cannot be read and counts as not set", name)
            del values[name]
