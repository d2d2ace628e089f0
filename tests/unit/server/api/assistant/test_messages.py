"""Messages through the API: asking, editing, windows, the tree, and what is refused."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import update

from fathom.base.errors import StorageError
from fathom.server.api.assistant.messages import MessageBody
from fathom.server.store.schema import messages


@pytest.fixture
async def chat(client) -> str:
    return (await client.post("/api/conversations", json={})).json()["id"]


async def ask(client, chat: str, text: str, parent: str | None = None, **more) -> dict:
    answer = await client.post(f"/api/conversations/{chat}/messages", json={"parent": parent, "text": text, **more})
    assert answer.status_code == 201, answer.text
    return answer.json()


async def test_asking_and_editing(client, chat):
    sent = await ask(client, chat, "What is this?")
    assert (sent["answer"], sent["run"]) == (None, None)
    question = sent["message"]
    assert set(question) == set(MessageBody.__annotations__) - {"sequence", "status"}, "these are of running answers"
    edited = (await ask(client, chat, "What is that?"))["message"]
    assert edited["siblings"] == [question["id"], edited["id"]]
    page = (await client.get(f"/api/conversations/{chat}/messages")).json()
    assert page == {"data": [edited], "next": None}
    assert (await client.get(f"/api/messages/{edited['id']}")).json() == edited
    assert (await client.get(f"/api/conversations/{chat}")).json()["title"] == "What is this?"
    tree = (await client.get(f"/api/conversations/{chat}/tree")).json()["data"]
    assert [(node["id"], node["parent"], node["preview"]) for node in tree] == [
        (question["id"], None, "What is this?"),
        (edited["id"], None, "What is that?"),
    ]
    await client.patch(f"/api/conversations/{chat}", json={"head": question["id"]})
    (shown,) = (await client.get(f"/api/conversations/{chat}/messages")).json()["data"]
    assert shown["id"] == question["id"]
    assert shown["index"] == 0


async def test_windows(client, chat):
    parent = None
    for number in range(7):
        parent = (await ask(client, chat, str(number), parent))["message"]["id"]
    texts, before = [], None
    while True:
        query = "limit=3" + (f"&before={before}" if before else "")
        page = (await client.get(f"/api/conversations/{chat}/messages?{query}")).json()
        texts = [message["parts"][0]["text"] for message in page["data"]] + texts
        before = page["next"]
        if before is None:
            break
    assert texts == [str(number) for number in range(7)]


async def test_a_question_and_its_answer_are_stored_together(client, chat, monkeypatch):
    sent = await ask(client, chat, "q", run={"thinking": "low"})
    assert sent["answer"]["parent"] == sent["message"]["id"]
    assert sent["run"]["message"] == sent["answer"]["id"]

    body = {"parent": sent["answer"]["id"], "text": "more", "run": {}}
    async with assistant_of(client).database.write() as connection:
        values = {"state": "streaming"}
        await connection.execute(update(messages).where(messages.c.id == sent["answer"]["id"]).values(**values))
    answer = await client.post(f"/api/conversations/{chat}/messages", json=body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "conflict")
    body = {"parent": None, "text": "again", "run": {"model": "unknown"}}
    answer = await client.post(f"/api/conversations/{chat}/messages", json=body)
    assert answer.status_code == 404

    async def fail(*_, **__):
        raise StorageError("the disk is full", "make room")

    monkeypatch.setattr("fathom.server.runs.repository._insert", fail)
    answer = await client.post(f"/api/conversations/{chat}/messages", json={"parent": None, "text": "x", "run": {}})
    assert answer.status_code == 503
    tree = (await client.get(f"/api/conversations/{chat}/tree")).json()["data"]
    assert len(tree) == 2, "a question that cannot be answered is not stored"


def assistant_of(client):
    return client.app.state.assistant.made


@pytest.mark.parametrize("run", [None, {}])
async def test_the_same_key_again_adds_nothing(client, chat, run):
    body = {"parent": None, "text": "q\0", "run": run}
    path = f"/api/conversations/{chat}/messages"
    first = (await client.post(path, json=body, headers={"Idempotency-Key": "a"})).json()
    again = await client.post(path, json=body, headers={"Idempotency-Key": "a"})
    assert again.status_code == 201
    assert again.json()["message"] == first["message"]
    for name in ("answer", "run"):
        assert (again.json()[name] or {}).get("id") == (first[name] or {}).get("id")
    assert (first["run"] is None) == (run is None)
    other = await client.post(path, json={**body, "text": "another"}, headers={"Idempotency-Key": "a"})
    assert (other.status_code, other.json()["error"]["code"]) == (409, "conflict")
    new = (await client.post(path, json=body, headers={"Idempotency-Key": "b"})).json()
    assert new["message"]["siblings"] == [first["message"]["id"], new["message"]["id"]]


async def test_two_requests_with_one_key_at_once(client, chat):
    body = {"parent": None, "text": "q", "run": {}}
    path = f"/api/conversations/{chat}/messages"
    answers = await asyncio.gather(*(client.post(path, json=body, headers={"Idempotency-Key": "a"}) for _ in range(4)))
    assert len({answer.json()["run"]["id"] for answer in answers}) == 1
    assert len((await client.get(f"/api/conversations/{chat}/tree")).json()["data"]) == 2


@pytest.mark.parametrize("key", ["", "x" * 129, "a b", "é".encode()])
async def test_keys_that_are_none(client, chat, key):
    body = {"parent": None, "text": "q"}
    path = f"/api/conversations/{chat}/messages"
    answer = await client.post(path, json=body, headers={"Idempotency-Key": key})
    assert answer.status_code == 422, answer.text


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"parent": None, "text": ""}, 422),
        ({"parent": None, "text": " \n "}, 422),
        ({"text": "no parent"}, 422),
        ({"parent": "nothing", "text": "x"}, 404),
        ({"parent": "\0", "text": "x"}, 404),
        ({"parent": None, "text": "x", "files": ["nothing"]}, 404),
        ({"parent": None, "text": "x", "role": "assistant"}, 422),
        ({"parent": None, "text": 1}, 422),
        ({"parent": None, "text": "x", "run": {"together": 17}}, 422),
        ({"parent": None, "text": "x", "run": {"unknown": 1}}, 422),
    ],
)
async def test_what_is_refused(client, chat, body, status):
    answer = await client.post(f"/api/conversations/{chat}/messages", json=body)
    assert answer.status_code == status, answer.text
    assert answer.json()["error"]["message"]
    assert (await client.get(f"/api/conversations/{chat}/tree")).json()["data"] == []


async def test_messages_that_do_not_exist(client, chat):
    assert (await client.get("/api/messages/nothing")).status_code == 404
    assert (await client.get(f"/api/conversations/{chat}/messages?before=nothing")).status_code == 404


async def test_text_that_no_database_holds(client, chat):
    sent = await ask(client, chat, "a\0b 😀")
    assert sent["message"]["parts"] == [{"type": "text", "text": "a�b 😀"}]
