"""Upstreams in the database."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from fathom.base.errors import RequestError
from fathom.server.models.upstream.records import UpstreamModel
from fathom.server.models.upstream.repository import UpstreamRepository
from fathom.server.store.database import Database


@pytest.fixture
async def repository(tmp_path: Path):
    database = Database(f"sqlite+aiosqlite:///{tmp_path / 'data' / 'fathom.db'}", tmp_path / "data")
    yield UpstreamRepository(database)
    await database.close()


async def test_it_stores_changes_and_removes(repository: UpstreamRepository):
    first = await repository.add("Up", "http://up/v1", "key", [UpstreamModel("m", 5)])
    second = await repository.add("Other", "http://other/v1", None, [])
    assert await repository.all() == [first, second]
    assert await repository.get(first.id) == await repository.find_by_name("Up") == first
    changed = replace(first, name="Down", api_key=None)
    await repository.change(changed)
    assert await repository.get(first.id) == changed
    assert await repository.remove(first.id)
    assert not await repository.remove(first.id)
    assert await repository.get(first.id) is None is await repository.find_by_name("Up")


async def test_a_name_is_taken_once(repository: UpstreamRepository):
    await repository.add("Up", "http://up/v1", None, [])
    other = await repository.add("Other", "http://other/v1", None, [])
    with pytest.raises(RequestError, match="there is an upstream called 'Up'; choose another name"):
        await repository.add("Up", "http://else/v1", None, [])
    with pytest.raises(RequestError, match="called 'Up'"):
        await repository.change(replace(other, name="Up"))


async def test_that_a_model_thinks_is_remembered(repository: UpstreamRepository):
    upstream = await repository.add("Up", "http://up/v1", None, [UpstreamModel("a"), UpstreamModel("b")])
    await repository.note_thinking(upstream.id, "b")
    await repository.note_thinking("gone", "b")
    stored = await repository.get(upstream.id)
    assert stored is not None
    assert [model.thinking for model in stored.models] == [False, True]
