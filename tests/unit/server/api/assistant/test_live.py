"""The live stream, against a real server."""

from __future__ import annotations

import asyncio
import json
import threading
from contextlib import contextmanager

import httpx
import pytest
from live_server import live_server
from scripted import Script, instantly, scripted_model

from fathom.base.errors import StorageError
from fathom.server.api.assistant.live import message_body


@pytest.fixture
def gate():
    """A completion that waits for it does not end."""
    return asyncio.Event()


@pytest.fixture
def server(tmp_path):
    with live_server(instantly(scripted_model(Script("Hello."))), data_dir=tmp_path / "data") as server:
        yield server


@contextmanager
def live(server, **query):
    """A generator of the events of one stream, the first of which is `hello`."""
    with httpx.stream("GET", f"{server.url}/api/live", params=query, timeout=30) as stream:
        yield read(stream)


def read(stream):
    name = ""
    for line in stream.iter_lines():
        key, _, value = line.partition(": ")
        if key == "event":
            name = value
        elif key == "data":
            yield name, json.loads(value)


def until(events, name, check=lambda data: True):
    for found, data in events:
        if found == name and check(data):
            return data
    raise AssertionError(f"no {name}")


def new(server, text="Hi?", conversation=None):
    with httpx.Client(base_url=f"{server.url}/api", timeout=30) as api:
        conversation = conversation or api.post("/conversations", json={}).json()["id"]
        body = {"parent": None, "text": text, "run": {}}
        return conversation, api.post(f"/conversations/{conversation}/messages", json=body).json()


def test_a_stream_carries_the_runs_of_its_conversation_and_hears_of_the_others(server):
    conversation, _ = new(server)
    server.wait_until(lambda: not server.app.state.assistant.made.supervisor.active_in(conversation))
    with live(server, conversation=conversation) as mine, live(server) as other:
        hello = until(mine, "hello")
        assert until(other, "hello") == hello
        _, sent = new(server, conversation=conversation)
        messages, events = [], []  # what the log stores and what the run tells come in either order
        for name, data in mine:
            if name == "message":
                messages.append(data["message"])
            elif name == "run":
                assert data["run"] == sent["run"]["id"]
                events.append(data["event"])
            if messages[-1:] and messages[-1]["state"] == "done" and events[-1:] and events[-1]["type"] == "finished":
                break
        assert (messages[0]["role"], messages[-1]["parts"]) == ("user", [{"type": "answer", "text": "Hello."}])
        assert [event["type"] for event in events if event["type"] != "usage"] == ["started", "delta", "finished"]
        assert events[-1]["state"] == "done"
        assert until(other, "run.state") == {"conversation": conversation, "running": True, "title": None}
        assert until(other, "run.state")["running"] is False


def test_a_client_that_comes_in_mid_run_gets_the_message_so_far_and_what_follows(tmp_path, gate):
    model = scripted_model(Script("abcdef", gate=gate))
    with live_server(instantly(model), data_dir=tmp_path / "data") as server:
        conversation, sent = new(server)
        with live(server, conversation=conversation) as events:
            until(events, "hello")
            body = until(events, "message", lambda data: data["message"]["role"] == "assistant")
            assert body["message"]["id"] == sent["answer"]["id"]
            threading.Timer(0, gate.set).start()
            text = "".join(part["text"] for part in body["message"]["parts"])
            for name, data in events:
                if name == "run" and data["event"]["type"] == "delta":
                    assert data["event"]["sequence"] > body["sequence"]
                    text += data["event"]["text"]
                elif name == "run" and data["event"]["type"] == "finished":
                    break
            assert text == "abcdef"


def test_a_position_in_a_run_that_has_ended_gives_its_message(server):
    conversation, sent = new(server)
    server.wait_until(lambda: server.engine.finished > 0)
    with live(server, conversation=conversation, run=f"{sent['run']['id']}:3") as events:
        assert until(events, "message")["message"]["id"] == sent["answer"]["id"]


def test_the_data_of_a_message_event():
    body = message_body({"id": "m", "conversation": "c", "sequence": 3})
    assert body == {"conversation": "c", "message": {"id": "m", "conversation": "c"}, "sequence": 3}


def test_positions_that_cannot_be_read(server):
    answer = httpx.get(f"{server.url}/api/live", params={"run": "nonsense"})
    assert (answer.status_code, answer.json()["error"]["param"]) == (422, "run")


def test_a_server_that_stops_ends_its_streams(tmp_path):
    with live_server(instantly(scripted_model()), data_dir=tmp_path / "data") as server:
        stream = live(server)
        events = stream.__enter__()
        until(events, "hello")
    assert list(events) == []


def test_a_stream_begins_with_why_answers_cannot_be_stored(server):
    log = server.app.state.assistant.made.supervisor.log
    log.problem = StorageError("the disk is full", "free some space")
    with live(server) as events:
        assert until(events, "storage") == {"error": {"message": "the disk is full", "remedy": "free some space"}}
    log.problem = None
