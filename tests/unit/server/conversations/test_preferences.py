"""Stored preferences: fields change one by one, and a damaged one does not take the others along."""

from __future__ import annotations

import asyncio

from sqlalchemy import insert

from fathom.server.conversations.preferences import PreferenceStore
from fathom.server.store.schema import preferences


async def test_only_what_is_named_changes(database):
    store = PreferenceStore(database)
    await store.change({"custom_instructions": "Be brief\0", "run": {"temperature": 0.5, "model": "m"}})
    changed = await store.change({"language": "zh", "run": {"temperature": None, "seed": 3}})
    assert changed == await store.get()
    assert changed.custom_instructions == "Be brief\N{REPLACEMENT CHARACTER}"
    assert changed.run.model_dump(exclude_none=True) == {"model": "m", "seed": 3}
    assert changed.language == "zh"
    assert (await store.change({"language": None})).language is None
    assert await store.change({}) == await store.get()


async def test_devices_that_change_them_at_once_undo_nothing(database):
    store = PreferenceStore(database)
    changes = [{"run": {name: 1}} for name in ("seed", "max_tokens", "thinking_budget")]
    changes += [{"run": {"model": "m"}}, {"search": {"provider": "searxng"}}, {"search": {"url": "http://s"}}]
    await asyncio.gather(*map(store.change, changes), *(store.change({"language": "zh"}) for _ in range(3)))
    read = await store.get()
    assert read.run.model_dump(exclude_none=True) == {"seed": 1, "max_tokens": 1, "thinking_budget": 1, "model": "m"}
    assert read.search.model_dump() == {"provider": "searxng", "url": "http://s"}
    assert read.language == "zh"


async def test_a_row_that_cannot_be_read_counts_as_not_set(database, caplog):
    store = PreferenceStore(database)
    await store.change({"language": "de"})
    async with database.write() as connection:
        rows = [{"name": "trash_days", "value": "soon"}, {"name": "newer", "value": 1}, {"name": "run", "value": 5}]
        await connection.execute(insert(preferences), rows)
    read = await store.get()
    assert (read.language, read.trash_days) == ("de", 30)
    assert "trash_days" in caplog.text
    assert (await store.change({"run": {"seed": 1}})).run.seed == 1
