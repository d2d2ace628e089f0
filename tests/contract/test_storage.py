"""A database that cannot be used: a clear answer from the routes that need it, and everything else still works."""

from __future__ import annotations

import asyncio
import sqlite3

import httpx
import pytest
from live_server import live_server
from scripted import Script, instantly, scripted_model

LOAD = instantly(scripted_model(Script("still here")))


def damaged(folder) -> str:
    (folder / "fathom.db").write_bytes(b"not a database, " * 1000)
    return "the database is damaged; stop the server and restore a backup"


def from_the_future(folder) -> str:
    connection = sqlite3.connect(folder / "fathom.db")
    connection.executescript(
        "CREATE TABLE alembic_version (version_num TEXT); INSERT INTO alembic_version VALUES ('9z')"
    )
    connection.close()
    return "the database was written by a later version of Fathom (schema 9z"


def of_another_program(folder) -> str:
    connection = sqlite3.connect(folder / "fathom.db")
    connection.executescript("CREATE TABLE songs (name TEXT)")
    connection.close()
    return "the database holds tables of another program"


def no_folder(folder) -> str:
    folder.rmdir()
    folder.write_text("a file is in its place")
    return f"the data folder {folder} cannot be used: file exists"


@pytest.mark.parametrize("harm", [damaged, from_the_future, of_another_program, no_folder])
def test_the_page_and_the_model_still_work(tmp_path, harm):
    folder = tmp_path / "data"
    folder.mkdir()
    reason = harm(folder)
    before = (folder / "fathom.db").read_bytes() if folder.is_dir() else folder.read_bytes()
    with live_server(LOAD, data_dir=folder) as server, httpx.Client(base_url=server.url, timeout=30) as client:
        for method, path in (
            ("GET", "/api/conversations"),
            ("GET", "/api/search?q=a"),
            ("GET", "/api/messages/x"),
            ("DELETE", "/api/conversations/x"),
        ):
            answer = client.request(method, path)
            assert (answer.status_code, answer.headers["retry-after"]) == (503, "10")
            assert answer.json()["error"]["message"].startswith(reason)
            assert answer.json()["error"]["code"] == "storage_unavailable"
        status = client.get("/api/status").json()["storage"]
        assert status["state"] == "failed"
        assert reason.startswith(status["error"]["message"][:30])
        assert client.get("/").status_code == 200
        body = {"messages": [{"role": "user", "content": "hi"}]}
        message = client.post("/v1/chat/completions", json=body).json()["choices"][0]["message"]
        assert message["content"] == "still here"
    assert ((folder / "fathom.db").read_bytes() if folder.is_dir() else folder.read_bytes()) == before


def test_a_lock_of_another_process_ends_and_all_is_well(tmp_path, monkeypatch):
    monkeypatch.setattr("fathom.server.store.database.BUSY_SECONDS", 0.05)
    with live_server(LOAD, data_dir=tmp_path / "data") as server, httpx.Client(base_url=server.url) as client:
        assert client.post("/api/conversations", json={}).status_code == 201
        other = sqlite3.connect(tmp_path / "data" / "fathom.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        answer = client.post("/api/conversations", json={})
        assert answer.status_code == 503
        assert answer.json()["error"]["message"].startswith("another process keeps the database locked; end it")
        assert len(client.get("/api/conversations").json()["data"]) == 1
        other.close()
        assert client.post("/api/conversations", json={}).status_code == 201


def test_a_second_server_leaves_the_answers_of_the_first_alone(tmp_path):
    gate = asyncio.Event()
    first_model = instantly(scripted_model(Script("from the first", gate=gate)))
    with live_server(first_model, data_dir=tmp_path) as first, httpx.Client(base_url=first.url) as client:
        conversation = client.post("/api/conversations", json={}).json()["id"]
        question = {"parent": None, "text": "hi", "run": {}}
        sent = client.post(f"/api/conversations/{conversation}/messages", json=question).json()
        with live_server(instantly(scripted_model()), data_dir=tmp_path) as second:
            answer = httpx.get(f"{second.url}/api/conversations")
            assert answer.status_code == 503
            assert answer.json()["error"]["message"].startswith("another process of Fathom uses this database; end it")
            assert httpx.get(second.url).status_code == 200
        assert second.engine.requests == []

        async def opened() -> None:
            gate.set()

        first.call(opened())
        while (message := client.get(f"/api/messages/{sent['answer']['id']}").json())["state"] != "done":
            pass
        assert message["parts"] == [{"type": "answer", "text": "from the first"}]
