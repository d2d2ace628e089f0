"""Messages through the API: asking, editing, windows, the tree, and what is refused."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fathom.base.errors import RequestError
from fathom.server.api.assistant.messages import MessageBody
from fathom.server.conversations.messages import insert_message
from fathom.server.runs.records import StartedRun


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
    assert set(question) == set(MessageBody.__annotations__)
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


class FakeSupervisor:
    """Starts an empty answer, or refuses its options."""

    def __init__(self, assistant) -> None:
        self.assistant = assistant

    async def check(self, conversation, options):
        if options.get("model") == "unknown":
            raise RequestError("there is no model 'unknown'", "choose one of /api/models", "run.model")

    async def start(self, conversation, question, options):
        async with self.assistant.database.write() as connection:
            answer = await insert_message(connection, conversation, question, "assistant", [], state="waiting")
        return StartedRun(answer, {"id": "r", "options": options})


async def test_an_answer_is_started_by_the_supervisor(client, chat, monkeypatch):
    handle = client.app.state.assistant
    assistant = await handle.get()
    answers = replace(assistant.answers, supervisor=FakeSupervisor(assistant))
    assistant = replace(assistant, answers=answers)

    async def get():
        return assistant

    monkeypatch.setattr(handle, "get", get)
    sent = await ask(client, chat, "q", run={"thinking": "low"})
    assert sent["answer"]["parent"] == sent["message"]["id"]
    assert sent["run"] == {"id": "r", "options": {"thinking": "low"}}

    body = {"parent": sent["answer"]["id"], "text": "more", "run": {}}
    answer = await client.post(f"/api/conversations/{chat}/messages", json=body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "conflict")
    body = {"parent": None, "text": "again", "run": {"model": "unknown"}}
    answer = await client.post(f"/api/conversations/{chat}/messages", json=body)
    assert answer.status_code == 400
    tree = (await client.get(f"/api/conversations/{chat}/tree")).json()["data"]
    assert len(tree) == 2, "a question that cannot be answered is not stored"


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
