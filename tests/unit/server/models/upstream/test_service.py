"""Upstreams are checked before they are stored, found by their models' ids, and remembered as thinking."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
from upstreams import Answer, connect_to, listing

from fathom.base.errors import FathomError
from fathom.server.errors import ConflictError, UnavailableError, UnknownModelError
from fathom.server.generation.jobs import ChatJob
from fathom.server.models.source import Abilities
from fathom.server.models.upstream.endpoint import KeyRefusedError
from fathom.server.models.upstream.records import UpstreamModel
from fathom.server.models.upstream.repository import UpstreamRepository
from fathom.server.models.upstream.service import Upstreams
from fathom.server.store.database import Database
from fathom.types import Conversation, Message


@pytest.fixture
async def make(tmp_path: Path):
    database = Database(f"sqlite+aiosqlite:///{tmp_path / 'data' / 'fathom.db'}", tmp_path / "data")
    made: list[Upstreams] = []

    def make(answer: Answer) -> Upstreams:
        made.append(Upstreams(UpstreamRepository(database), connect_to(answer)))
        return made[-1]

    yield make
    for service in made:
        await service.close()
    await database.close()


async def test_adding_asks_for_the_models_and_finds_a_missing_v1(make):
    service = make(partial(listing_of, "a", "b"))
    upstream = await service.add("Up", "http://up", None, None)
    assert upstream.base_url == "http://up/v1"
    assert upstream.models == (UpstreamModel("a", 4096), UpstreamModel("b", 4096))
    assert await service.repository.all() == [upstream]


def listing_of(*arguments: Any) -> httpx.Response:
    *models, request = arguments
    return listing(request, *models)


async def test_what_cannot_be_used_is_not_stored(make):
    service = make(lambda request: listing(request, "a", key="right"))
    with pytest.raises(KeyRefusedError):
        await service.add("Up", "http://up/v1", "wrong", None)
    with pytest.raises(KeyRefusedError):  # found under /v1, where the key is refused
        await service.add("Up", "http://up", "wrong", ["a"])
    with pytest.raises(FathomError, match="no such model or path"):
        await service.add("Up", "http://up/other", "right", None)
    assert await service.repository.all() == []


async def test_a_server_without_a_list(make):
    service = make(lambda _: httpx.Response(404))
    upstream = await service.add("Up", "http://up/v1", None, ["mine"])
    assert upstream.models == (UpstreamModel("mine"),)


async def test_changes_are_checked_and_what_was_found_out_stays(make):
    names = ["a", "b"]
    service = make(lambda request: listing(request, *names, key="right"))
    upstream = await service.add("Up", "http://up/v1", "right", None)
    await service.repository.note_thinking(upstream.id, "b")
    upstream = await service.repository.get(upstream.id)
    with pytest.raises(KeyRefusedError):
        await service.change(upstream, {"api_key": "wrong"})
    names.remove("a")
    changed = await service.change(upstream, {"name": "Down", "api_key": "right"})
    assert (changed.name, changed.models) == ("Down", (UpstreamModel("b", 4096, thinking=True),))
    assert (await service.change(changed, {"models": ["c"]})).models == (UpstreamModel("c"),)


async def test_a_check_undoes_nothing(make):
    names = ["a"]
    service = make(lambda request: listing(request, *names))
    before = await service.add("Up", "http://up/v1", None, None)
    await service.change(before, {"name": "Down"})
    await service.repository.note_thinking(before.id, "a")
    names.append("b")
    checked = await service.check(before)
    assert checked == await service.repository.get(before.id)
    assert checked.name == "Down"
    assert [(model.id, model.thinking) for model in checked.models] == [("a", True), ("b", False)]
    await service.change(checked, {"base_url": "http://else/v1"})
    for work in (service.check(before), service.change(before, {"api_key": "new"})):
        with pytest.raises(ConflictError, match="was changed or removed meanwhile"):
            await work
    assert (await service.repository.get(before.id)).base_url == "http://else/v1"
    await service.remove(before.id)
    with pytest.raises(ConflictError):
        await service.change(before, {"name": "Up"})


async def test_the_source_of_a_model(make):
    service = make(lambda request: listing(request, "a"))
    await service.add("Up", "http://up/v1", None, None)
    source = await service.source("a", "Up")
    assert (source.name, await source.abilities()) == ("a@Up", Abilities(context=4096))
    with pytest.raises(UnknownModelError, match="'b@Up' is not served here; ask for 'a@Up'"):
        await service.source("b", "Up")
    with pytest.raises(UnknownModelError, match="'a@Down' is not served here; ask for 'another'"):
        await service.source("a", "Down")


async def test_an_answer_with_thinking_is_remembered(make):
    def answer(request: httpx.Request) -> httpx.Response:
        message = {"reasoning_content": "Hm.", "content": "Yes."}
        whole = httpx.Response(200, json={"choices": [{"message": message, "finish_reason": "stop"}]})
        return whole if request.method == "POST" else listing(request, "a")

    service = make(answer)
    upstream = await service.add("Up", "http://up/v1", None, None)
    source = await service.source("a", "Up")
    assert [event async for event in source.chat(ChatJob(Conversation((Message("user", "Hi"),))))]
    await service.close()
    assert (await service.repository.get(upstream.id)).models == (UpstreamModel("a", 4096, thinking=True),)


async def test_connections_end_with_what_they_lead_to(make):
    service = make(lambda request: listing(request, "a", key="right"))
    connected, connect = [], service._connect
    service._connect = lambda *parts: connected.append(connect(*parts)) or connected[-1]
    with pytest.raises(KeyRefusedError):
        await service.add("Up", "http://up/v1", "wrong", None)
    assert [endpoint.closed for endpoint in connected] == [True], "what was not stored"
    upstream = await service.add("Up", "http://up/v1", "right", None)
    assert not connected[-1].closed
    changed = await service.change(upstream, {"name": "Down"})
    await service.check(changed)
    assert [endpoint.closed for endpoint in connected] == [True, True, False]
    assert await service.remove(changed.id)
    assert [endpoint.closed for endpoint in connected] == [True, True, True]
    assert not await service.remove(changed.id)


async def test_an_answer_that_is_under_way_outlives_its_upstream(make):
    class Slow(httpx.AsyncByteStream):
        async def __aiter__(self):
            for text in ("one", "two"):
                yield b'data: {"choices": [{"delta": {"content": "%s"}}]}\n\n' % text.encode()
            yield b"data: [DONE]\n\n"

    def answer(request: httpx.Request) -> httpx.Response:
        headers = {"content-type": "text/event-stream"}
        return (
            httpx.Response(200, stream=Slow(), headers=headers) if request.method == "POST" else listing(request, "a")
        )

    service = make(answer)
    upstream = await service.add("Up", "http://up/v1", None, None)
    source = await service.source("a", "Up")
    job = ChatJob(Conversation((Message("user", "Hi"),)))
    events = source.chat(job)
    seen = [await anext(events)]
    await service.remove(upstream.id)
    assert not source._endpoint.closed
    seen += [event async for event in events]
    assert len(seen) > 3
    assert source._endpoint.closed
    with pytest.raises(UnavailableError, match="was changed or removed"):
        await anext(source.chat(job))
