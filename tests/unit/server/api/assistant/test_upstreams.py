"""/api/upstreams: checked on the way in, the key never on the way out."""

from __future__ import annotations

from contextlib import asynccontextmanager

import httpx
import pytest
from scripted import instantly, scripted_model
from upstreams import connect_to, listing

from fathom.base.errors import RequestError, StorageError
from fathom.server.api.assistant.upstreams import failure_of
from fathom.server.app import create_app
from fathom.server.errors import ApiError
from fathom.server.models.runtime import Runtime
from fathom.server.settings import Settings

KEY = "sk-0123456789abcdef"
UP = {"name": "Up", "base_url": "http://up.example", "api_key": KEY}


@asynccontextmanager
async def running(tmp_path, answer):
    app = create_app(Settings(data_dir=tmp_path / "data"), Runtime(instantly(scripted_model())))
    transport = httpx.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://localhost/api") as client,
    ):
        (await app.state.assistant.get()).upstreams._connect = connect_to(answer)
        yield client


@pytest.fixture
async def client(tmp_path):
    async with running(tmp_path, lambda request: listing(request, "a", key=KEY)) as client:
        yield client


async def test_add_show_change_check_remove(client: httpx.AsyncClient):
    added = await client.post("/upstreams", json=UP)
    assert added.status_code == 201
    body = added.json()
    assert body["base_url"] == "http://up.example/v1"
    assert body["key"] == "…cdef"
    assert body["models"] == [{"id": "a@Up", "name": "a", "context": 4096, "thinking": False, "vision": False}]
    place = f"/upstreams/{body['id']}"
    assert (await client.get("/upstreams")).json() == {"data": [body], "next": None}
    assert (await client.get(place)).json() == body
    changed = await client.patch(place, json={"name": "Down"})
    assert changed.json() == body | {"name": "Down", "models": [body["models"][0] | {"id": "a@Down"}]}
    assert (await client.post(f"{place}/check", json={})).json() == changed.json()
    assert (await client.delete(place)).status_code == 204
    for answer in (await client.get(place), await client.delete(place), await client.patch(place, json={})):
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")


async def test_the_key_never_comes_out(client: httpx.AsyncClient):
    answers = [
        await client.post("/upstreams", json=UP),
        await client.post("/upstreams", json=UP),
        await client.post("/upstreams", json=UP | {"name": "Other", "api_key": KEY + "x"}),
        await client.get("/upstreams"),
    ]
    assert [answer.status_code for answer in answers] == [201, 409, 422, 200]
    assert answers[1].json()["error"]["message"] == "there is an upstream called 'Up'; choose another name"
    message = "Other does not accept the key (bad key); enter a valid key in its settings"
    assert answers[2].json()["error"]["message"] == message
    assert not any(KEY in answer.text for answer in answers)


async def test_which_models_see_is_the_users_word(client: httpx.AsyncClient):
    place = f"/upstreams/{(await client.post('/upstreams', json=UP)).json()['id']}"
    sees = await client.patch(place, json={"vision": {"a": True}})
    assert [model["vision"] for model in sees.json()["models"]] == [True]
    assert (await client.get("/models/a@Up")).json()["vision"] is True
    assert (await client.post(f"{place}/check", json={})).json() == sees.json(), "a new list does not forget it"
    back = await client.patch(place, json={"vision": {"a": None}})
    assert [model["vision"] for model in back.json()["models"]] == [False]
    for vision, param in (({"b": True}, "vision"), ({"a": "yes"}, "vision.a"), ([], "vision"), (None, "vision")):
        refused = await client.patch(place, json={"vision": vision})
        assert (refused.status_code, refused.json()["error"]["param"]) == (422, param)


async def test_a_change_of_the_key_is_checked(client: httpx.AsyncClient):
    place = f"/upstreams/{(await client.post('/upstreams', json=UP)).json()['id']}"
    assert (await client.patch(place, json={"api_key": None})).status_code == 422
    assert (await client.get(place)).json()["key"] == "…cdef"


async def test_the_key_goes_to_no_other_server_that_it_was_not_given_for(tmp_path):
    asked = []

    def answer(request):
        asked.append((request.url.host, request.headers.get("authorization")))
        return listing(request, "a")

    async with running(tmp_path, answer) as client:
        place = f"/upstreams/{(await client.post('/upstreams', json=UP)).json()['id']}"
        refused = await client.patch(place, json={"base_url": "http://elsewhere.example/v1"})
        assert (refused.status_code, "another server" in refused.json()["error"]["message"]) == (422, True)
        assert {host for host, _ in asked} == {"up.example"}
        assert (await client.patch(place, json={"base_url": "http://up.example/v1/"})).status_code == 200
        moved = await client.patch(place, json={"base_url": "http://elsewhere.example/v1", "api_key": None})
        assert (moved.status_code, moved.json()["key"]) == (200, None)
        assert asked[-1] == ("elsewhere.example", None)


@pytest.mark.parametrize(
    ("changes", "param"),
    [
        ({"name": ""}, "name"),
        ({"name": "a@b"}, "name"),
        ({"name": "a/b"}, "name"),
        ({"base_url": "up.example"}, "base_url"),
        ({"base_url": "ftp://up.example"}, "base_url"),
        ({"base_url": "http://user:secret@up.example"}, "base_url"),
        ({"base_url": "http://[::bad"}, "base_url"),
        ({"api_key": "two words"}, "api_key"),
        ({"api_key": "ключ"}, "api_key"),
        ({"models": [""]}, "models[0]"),
        ({"extra": 1}, "extra"),
    ],
)
async def test_bad_input(client: httpx.AsyncClient, changes: dict, param: str):
    answer = await client.post("/upstreams", json=UP | changes)
    assert (answer.status_code, answer.json()["error"]["param"]) == (422, param)


async def test_a_server_that_is_not_there(tmp_path):
    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("connection refused")

    async with running(tmp_path, refuse) as client:
        answer = await client.post("/upstreams", json=UP)
    assert answer.status_code == 422
    assert "Up cannot be reached at http://up.example (connection refused)" in answer.json()["error"]["message"]


def test_which_failures_are_the_clients():
    stored = StorageError("the disk is full", "free some space")
    assert failure_of(stored) is stored
    taken = failure_of(RequestError("taken", "another", "name"))
    assert isinstance(taken, ApiError)
    assert taken.problem.status == 409
