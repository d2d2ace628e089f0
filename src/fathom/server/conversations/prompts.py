"""The prompt library: texts by name, which the composer offers after a ``/``.

A text may hold variables, ``{{topic}}``, that are asked for when it is used.
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from fathom.server.errors import ConflictError, NotFoundError
from fathom.server.store.database import Database
from fathom.server.store.ids import milliseconds, new_id
from fathom.server.store.schema import prompts
from fathom.server.store.text import storable

_VARIABLE = re.compile(r"\{\{\s*(\w[\w -]{0,63}?)\s*\}\}")


@dataclass(frozen=True, slots=True)
class SavedPrompt:
    id: str
    name: str
    text: str
    created: int
    updated: int

    @property
    def variables(self) -> list[str]:
        """The names in ``{{…}}``, each once, in the order of the text."""
        return list(dict.fromkeys(_VARIABLE.findall(self.text)))

    def json(self) -> Any:
        """As the API has it."""
        return asdict(self) | {"variables": self.variables}


class PromptLibrary:
    """All prompts of one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def list(self) -> list[SavedPrompt]:
        """In the order of their names."""
        async with self._database.read() as connection:
            rows = await connection.execute(select(prompts).order_by(prompts.c.name))
        return [SavedPrompt(**row) for row in rows.mappings()]

    async def get(self, prompt: str) -> SavedPrompt:
        """Raises NotFoundError."""
        async with self._database.read() as connection:
            row = (await connection.execute(select(prompts).where(prompts.c.id == prompt))).mappings().first()
        if row is None:
            raise NotFoundError(f"there is no prompt {prompt[:64]!r}")
        return SavedPrompt(**row)

    async def create(self, name: str, text: str) -> SavedPrompt:
        """Raises ConflictError where another prompt has the name."""
        now = milliseconds()
        row: dict[str, Any] = {
            "id": new_id(),
            "name": storable(name),
            "text": storable(text),
            "created": now,
            "updated": now,
        }
        try:
            async with self._database.write() as connection:
                await connection.execute(insert(prompts), row)
        except IntegrityError:
            raise _conflict(name) from None
        return SavedPrompt(**row)

    async def change(self, prompt: str, **fields: str) -> SavedPrompt:
        """Set ``name``, ``text`` or both. Raises NotFoundError and ConflictError."""
        values = {name: storable(value) for name, value in fields.items()}
        try:
            async with self._database.write() as connection:
                await connection.execute(
                    update(prompts).where(prompts.c.id == prompt).values(**values, updated=milliseconds())
                )
        except IntegrityError:
            raise _conflict(fields["name"]) from None
        return await self.get(prompt)

    async def delete(self, prompt: str) -> None:
        """Raises NotFoundError."""
        async with self._database.write() as connection:
            result = await connection.execute(delete(prompts).where(prompts.c.id == prompt))
        if result.rowcount == 0:
            raise NotFoundError(f"there is no prompt {prompt[:64]!r}")


def _conflict(name: str) -> ConflictError:
    return ConflictError(f"there is a prompt /{name} already", "choose another name, or change that one")
