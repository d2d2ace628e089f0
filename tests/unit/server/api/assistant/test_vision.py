"""Pictures on their way to a model that sees: a real application, an upstream that notes what it is sent."""

from __future__ import annotations

import asyncio
import base64
import json
import struct
from typing import Any

import httpx
import pytest
from assistant_client import assistant_client
from made_files import png
from sqlalchemy import select
from upstreams import connect_to

from fathom.server.store.schema import files as file_rows
from fathom.server.store.schema import runs as run_rows

LIST = [
    {"id": "eyes", "architecture": {"input_modalities": ["text", "image"]}},
    {"id": "blind", "architecture": {"input_modalities": ["text"]}},
]
SAID = {"choices": [{"message": {"content": "A cat."}, "finish_reason": "stop"}]}


class Api:
    """The assistant's API, and what the upstream was asked for answers (not for titles)."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client
        self.asked: list[dict[str, Any]] = []
        self.refuses = False

    def answer(self, request: httpx.Request) -> httpx.Response:
        if request.method == "GET":
            return httpx.Response(200, json={"data": LIST})
        body = json.loads(request.content)
        if "max_tokens" not in body:  # as titles have
            self.asked.append(body)
        if self.refuses:
            return httpx.Response(400, json={"error": {"message": "no image input"}})
        return httpx.Response(200, json=SAID)

    async def attach(self, name: str, data: bytes) -> str:
        stored = await self.client.post("/api/files", params={"name": name}, content=data)
        read = await self.client.get(f"/api/files/{stored.json()['id']}", params={"wait": 20})
        return read.json()["id"]

    async def ask(self, chat: str, model: str, text: str, *attached: str, parent: str | None = None) -> dict[str, Any]:
        body = {"parent": parent, "text": text, "files": list(attached), "run": {"model": model}}
        sent = await self.client.post(f"/api/conversations/{chat}/messages", json=body)
        assert sent.status_code == 201, sent.text
        return {**sent.json(), "answer": await self.ended(sent.json()["answer"]["id"])}

    async def ended(self, message: str) -> dict[str, Any]:
        while True:
            found = (await self.client.get(f"/api/messages/{message}")).json()
            if found["state"] in ("done", "failed", "stopped"):
                return found
            await asyncio.sleep(0.02)

    async def chat(self) -> str:
        return (await self.client.post("/api/conversations", json={"title": "Pictures"})).json()["id"]

    def parts(self, index: int = -1) -> list[Any]:
        """The contents of the user's messages of a request."""
        return [message["content"] for message in self.asked[index]["messages"] if message["role"] == "user"]

    def system(self) -> str:
        return "".join(message["content"] for message in self.asked[-1]["messages"] if message["role"] == "system")


@pytest.fixture
async def api(tmp_path):
    async with assistant_client(tmp_path) as client:
        api = Api(client)
        (await client.app.state.assistant.get()).upstreams._connect = connect_to(api.answer)
        added = await client.post("/api/upstreams", json={"name": "Up", "base_url": "http://up.example/v1"})
        assert added.status_code == 201, added.text
        yield api


def part(data: bytes, media_type: str = "image/png") -> dict[str, Any]:
    return {"type": "image_url", "image_url": {"url": f"data:{media_type};base64,{base64.b64encode(data).decode()}"}}


async def test_the_list_says_which_models_see(api: Api):
    rows = (await api.client.get("/api/models")).json()["data"]
    assert {row["id"]: row["vision"] for row in rows if row["kind"] == "upstream"} == {
        "eyes@Up": True,
        "blind@Up": False,
    }
    assert not any(row["vision"] for row in rows if row["kind"] != "upstream"), "no local model sees"


async def test_a_picture_goes_along_with_its_question_ever_after(api: Api):
    chat, cat, dog = await api.chat(), await api.attach("cat.png", png(3)), await api.attach("dog.png", png(4))
    first = await api.ask(chat, "eyes@Up", "What is this?", cat)
    assert first["answer"]["parts"][0]["text"] == "A cat."
    question = [{"type": "text", "text": "[attached file: cat.png]\nWhat is this?"}, part(png(3))]
    assert api.parts() == [question]

    await api.ask(chat, "eyes@Up", "And this?", dog, cat, parent=first["answer"]["id"])
    next_question = "[attached file: dog.png]\n[attached file: cat.png]\nAnd this?"
    assert api.parts() == [question, [{"type": "text", "text": next_question}, part(png(4))]], "each once"

    branch = await api.ask(chat, "eyes@Up", "Which animal?", cat)
    assert api.parts() == [[{"type": "text", "text": "[attached file: cat.png]\nWhich animal?"}, part(png(3))]]

    again = await api.client.post(
        f"/api/conversations/{chat}/runs", json={"parent": branch["message"]["id"], "model": "eyes@Up"}
    )
    assert again.status_code == 201, again.text
    await api.ended(again.json()["message"]["id"])
    assert api.parts(-1) == api.parts(-2)


async def test_what_is_stored_names_files_and_holds_no_copies(api: Api):
    chat, cat = await api.chat(), await api.attach("cat.png", png(3))
    await api.ask(chat, "eyes@Up", "What is this?", cat)
    database = (await api.client.app.state.assistant.get()).database
    async with database.read() as connection:
        (request,) = (await connection.execute(select(run_rows.c.request))).scalars()
    assert request["pictures"] == [cat]
    assert base64.b64encode(png(3)).decode()[:40] not in json.dumps(request)


@pytest.mark.parametrize("model", ["blind@Up", None])
async def test_a_model_that_does_not_see_is_sent_words(api: Api, model: str | None):
    chat, cat = await api.chat(), await api.attach("cat.png", png(3, 2))
    if model is None:  # the model of this machine
        answer = (await api.ask(chat, "scripted", "What is this?", cat))["answer"]
        assert (answer["state"], api.asked) == ("done", [])
        return
    await api.ask(chat, model, "What is this?", cat)
    assert api.parts() == ["[attached file: cat.png]\nWhat is this?"]
    assert "The file 'cat.png' is a picture of 3 × 2 pixels. You do not see it: say so if asked" in api.system()


async def test_hostile_pictures_are_named_and_not_sent(api: Api):
    bomb = png(3)[:16] + struct.pack(">II", 65500, 65500) + png(3)[24:]
    attached = [
        await api.attach("bomb.png", bomb),
        await api.attach("page.png", b"<html><body>Not a picture</body></html>"),
        await api.attach("cat.jpg", png(3)),
        *[await api.attach(f"{n}.png", png(5 + n)) for n in range(17)],
    ]
    gone = await api.attach("gone.png", png(200))
    assistant = await api.client.app.state.assistant.get()
    async with assistant.database.read() as connection:
        (sha256,) = (await connection.execute(select(file_rows.c.sha256).where(file_rows.c.id == gone))).scalars()
    assistant.files._content.path(sha256).unlink()
    answer = (await api.ask(await api.chat(), "eyes@Up", "These?", *attached, gone))["answer"]
    assert answer["state"] == "done"
    (content,) = api.parts()
    assert content[1:] == [part(png(5 + n)) for n in range(1, 17)]
    assert "'bomb.png' is a picture of 65500 × 65500 pixels. You do not see it (only the latest 16" in api.system()
    assert (
        "'gone.png' is a picture of 200 × 2 pixels. You do not see it (the file's content is missing)" in api.system()
    )
    assert "Not a picture" in content[0]["text"], "a page that is called a picture is read as what it is"
    await api.ask(await api.chat(), "eyes@Up", "And alone?", attached[0], attached[2])
    (content,) = api.parts()
    assert content[1:] == [part(png(3))], "by its content, a PNG"
    assert "(it has 65500 × 65500 pixels, more than 50 millions)" in api.system()


async def test_a_model_that_turns_out_not_to_see(api: Api):
    api.refuses = True
    answer = (await api.ask(await api.chat(), "eyes@Up", "What is this?", await api.attach("cat.png", png())))["answer"]
    assert answer["error"] == {
        "message": "Up refuses the request with 400 (no image input)",
        "remedy": "if eyes does not see pictures, switch that off in the list of models",
    }
    api.refuses = False
    (upstream,) = (await api.client.get("/api/upstreams")).json()["data"]
    await api.client.patch(f"/api/upstreams/{upstream['id']}", json={"vision": {"eyes": False, "blind": True}})
    for model, sees in (("eyes@Up", False), ("blind@Up", True)):
        await api.ask(await api.chat(), model, "What is this?", await api.attach("cat.png", png()))
        assert isinstance(api.parts()[0], list) is sees
