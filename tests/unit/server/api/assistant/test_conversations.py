"""`/api/conversations`, as a script uses it, and with bodies that are wrong."""

from __future__ import annotations

import pytest

from fathom.server.api.assistant.conversations import ConversationBody


async def make(client, **body) -> dict:
    answer = await client.post("/api/conversations", json=body)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def test_a_conversation_is_made_changed_and_deleted(client):
    row = await make(client, settings={"thinking": "high", "model": None})
    assert set(row) == set(ConversationBody.__annotations__)
    assert (row["title"], row["settings"], row["head"], row["running"]) == ("", {"thinking": "high"}, None, False)
    path = f"/api/conversations/{row['id']}"
    changed = (await client.patch(path, json={"title": "Mine", "pinned": True, "settings": {}})).json()
    assert (changed["title"], changed["title_source"], changed["pinned"], changed["settings"]) == (
        "Mine",
        "user",
        True,
        {},
    )
    assert (await client.patch(path, json={})).json() == changed == (await client.get(path)).json()
    assert (await client.get("/api/conversations")).json() == {"data": [changed], "next": None}

    assert (await client.delete(path)).status_code == 204
    assert (await client.get("/api/conversations")).json()["data"] == []
    assert [row["id"] for row in (await client.get("/api/conversations?deleted=true")).json()["data"]] == [row["id"]]
    counts = {"conversations": 0, "pinned": 0, "deleted": 1, "projects": {}}
    assert (await client.get("/api/conversation-counts")).json() == counts
    assert (await client.post(f"{path}/restore")).json()["deleted"] is None
    assert (await client.delete(f"{path}?permanently=true")).status_code == 204
    assert (await client.get(path)).status_code == 404


async def test_the_same_key_makes_one_conversation(client):
    headers = {"Idempotency-Key": "k"}
    first, second = [(await client.post("/api/conversations", json={}, headers=headers)) for _ in range(2)]
    assert (first.status_code, second.status_code, first.json()) == (201, 201, second.json())
    assert len((await client.get("/api/conversations")).json()["data"]) == 1
    refused = await client.post("/api/conversations", json={}, headers={"Idempotency-Key": "two words"})
    assert refused.status_code == 422


async def test_windows(client):
    ids = [(await make(client))["id"] for _ in range(5)]
    first = (await client.get("/api/conversations?limit=3")).json()
    second = (await client.get(f"/api/conversations?limit=3&after={first['next']}")).json()
    assert [row["id"] for row in first["data"] + second["data"]] == ids[::-1]
    assert second["next"] is None


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"titel": "x"}, "titel: extra inputs are not permitted"),
        ({"title": None}, "title: input should be a valid string"),
        ({"title": "x" * 501}, "title: string should have at most 500 characters"),
        ({"pinned": 1}, "pinned: input should be a valid boolean"),
        ({"settings": {"temperature": 3}}, "settings.temperature: input should be less than or equal to 2"),
        ({"settings": {"mood": "good"}}, "settings.mood: extra inputs are not permitted"),
        ({"id": "x"}, "id: extra inputs are not permitted"),
    ],
)
async def test_what_is_refused(client, body, message):
    row = await make(client)
    answer = await client.patch(f"/api/conversations/{row['id']}", json=body)
    assert (answer.status_code, answer.json()["error"]["message"]) == (422, message)
    assert (await client.get(f"/api/conversations/{row['id']}")).json() == row


@pytest.mark.parametrize("identifier", ["nothing", "01m8kq69acjvsjgcmx8b2wbm13", "%00", "x" * 3000, "%F0%9F%98%80"])
async def test_ids_that_lead_to_nothing(client, identifier):
    for method, path in (("GET", ""), ("DELETE", ""), ("POST", "/restore"), ("GET", "/messages"), ("GET", "/tree")):
        answer = await client.request(method, f"/api/conversations/{identifier}{path}")
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found"), (method, path)
        assert len(answer.json()["error"]["message"]) < 200


@pytest.mark.parametrize("query", ["limit=0", "limit=201", "limit=x", "pinned=perhaps", "after=" + "x" * 65])
async def test_queries_that_are_refused(client, query):
    assert (await client.get(f"/api/conversations?{query}")).status_code == 422


async def test_a_cursor_of_another(client):
    assert (await client.get("/api/conversations?after=x")).status_code == 400


async def test_a_body_must_be_json(client):
    answer = await client.post("/api/conversations", content=b"{}", headers={"content-type": "text/plain"})
    assert answer.status_code == 415
    row = await make(client)
    answer = await client.patch(f"/api/conversations/{row['id']}", content=b'{"title": "\\ud800"}')
    assert answer.status_code == 415
