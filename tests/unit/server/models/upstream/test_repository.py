"""Upstreams in the database."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from fathom.base.errors import RequestError
from fathom.server.models.upstream.records import UpstreamModel
from fathom.server.models.upstream.repository import UpstreamRepository
from fathom.server.store.database import Database


@pytest.fixture
def repository(database: Database) -> UpstreamRepository:
    return UpstreamRepository(database)


async def test_it_stores_changes_and_removes(repository: UpstreamRepository):
    first = await repository.add("Up", "http://up/v1", "key", [UpstreamModel("m", 5)])
    second = await repository.add("Other", "http://other/v1", None, [])
    assert await repository.all() == [first, second]
    assert await repository.get(first.id) == await repository.find_by_name("Up") == first
    changed = replace(first, name="Down", api_key=None)
    assert await repository.change(first.id, {"name": "Down", "api_key": None}) == changed
    assert await repository.change(first.id, {}) == changed == await repository.get(first.id)
    assert await repository.change("gone", {"name": "Up"}) is None
    assert await repository.remove(first.id)
    assert not await repository.remove(first.id)
    assert await repository.get(first.id) is None is await repository.find_by_name("Up")


async def test_a_name_is_taken_once(repository: UpstreamRepository):
    await repository.add("Up", "http://up/v1", None, [])
    other = await repository.add("Other", "http://other/v1", None, [])
    with pytest.raises(RequestError, match="there is an upstream called 'Up'; choose another name"):
        await repository.add("Up", "http://else/v1", None, [])
    with pytest.raises(RequestError, match="called 'Up'"):
        await repository.change(other.id, {"name": "Up"})


async def test_models_of_another_address_are_not_stored(repository: UpstreamRepository):
    examined = await repository.add("Up", "http://up/v1", "key", [])
    changes = {"models": (UpstreamModel("a"),)}
    for values in ({"base_url": "http://else/v1"}, {"base_url": "http://up/v1", "api_key": "another"}):
        await repository.change(examined.id, values)
        assert await repository.change(examined.id, changes, examined=examined) is None
    await repository.change(examined.id, {"api_key": "key"})
    changed = await repository.change(examined.id, changes, examined=examined)
    assert changed == replace(examined, models=changes["models"])


async def test_that_a_model_thinks_is_remembered(repository: UpstreamRepository):
    upstream = await repository.add("Up", "http://up/v1", None, [UpstreamModel("a"), UpstreamModel("b")])
    await repository.note_thinking(upstream.id, "b")
    await repository.note_thinking("gone", "b")
    stored = await repository.get(upstream.id)
    assert stored is not None
    assert [model.thinking for model in stored.models] == [False, True]
    await repository.change(upstream.id, {"models": (UpstreamModel("b", 9), UpstreamModel("c"))})
    assert (await repository.get(upstream.id)).models == (UpstreamModel("b", 9, thinking=True), UpstreamModel("c"))


async def test_writers_at_once_lose_nothing(repository: UpstreamRepository):
    names = [f"m{number}" for number in range(8)]
    upstream = await repository.add("Up", "http://up/v1", None, list(map(UpstreamModel, names)))
    await asyncio.gather(
        *(repository.note_thinking(upstream.id, name) for name in names),
        repository.change(upstream.id, {"name": "Down"}),
    )
    stored = await repository.get(upstream.id)
    assert all(model.thinking for model in stored.models)
    assert stored.name == "Down"
