"""Runs through HTTP: a real server on a socket, a scripted model, a database in a folder."""

from __future__ import annotations

import asyncio
import json

import httpx
import pytest
from live_server import live_server
from scripted import Script, instantly, scripted_model

from fathom.server.api.assistant.runs import Continuation, frame_of

THOUGHT = "<think>\nHm.\n</think>\n\nForty-two."


@pytest.fixture
def gate():
    """A completion that waits for it does not end."""
    return asyncio.Event()


@pytest.fixture
def serve(tmp_path):
    """Starts a server over the same folder, as often as it is called."""
    return lambda *scripts, **options: live_server(
        instantly(scripted_model(*scripts, **options)), data_dir=tmp_path / "data"
    )


def test_a_thought_is_not_a_mode():
    assert Continuation(continues="m", thinking="off").thought is None
    assert Continuation(continues="m", thinking="off we go").thought == "off we go"
    assert frame_of({"type": "status", "sequence": 2, "text": "a"}).startswith(b"id: 2\nevent: status\n")


def client(server):
    return httpx.Client(base_url=f"{server.url}/api", timeout=30)


def ask(api, text="Hi?", conversation=None, **run):
    conversation = conversation or api.post("/conversations", json={}).json()["id"]
    answer = api.post(f"/conversations/{conversation}/messages", json={"parent": None, "text": text, "run": run})
    assert answer.status_code == 201, answer.text
    return conversation, answer.json()


def events(api, conversation, run, **query):
    """The events of a run, to its end."""
    found = []
    with api.stream("GET", f"/conversations/{conversation}/runs/{run}/events", params=query) as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        event = {}
        for line in stream.iter_lines():
            name, _, value = line.partition(": ")
            if name in ("event", "id"):
                event[name] = value
            elif name == "data":
                found.append({**event, **json.loads(value)})
    return found


def texts(message):
    return [(part["type"], part.get("text")) for part in message["parts"]]


def test_a_message_that_is_written_has_the_parts_so_far(serve, gate):
    with serve(Script("one two", gate=gate)) as server, client(server) as api:
        conversation, sent = ask(api)
        gate.set()
        events(api, conversation, sent["run"]["id"])
        path = api.get(f"/conversations/{conversation}/messages").json()["data"]
        assert "sequence" not in path[-1], "it has ended"
    with serve(Script(THOUGHT, gate=asyncio.Event())) as server, client(server) as api:
        conversation, sent = ask(api)
        running = api.get(f"/messages/{sent['answer']['id']}").json()
        assert running["state"] in ("waiting", "streaming")
        assert running["sequence"] >= 0
        (_, last) = api.get(f"/conversations/{conversation}/messages").json()["data"]
        assert last["id"] == running["id"]
        assert last["sequence"] >= running["sequence"]


def test_a_question_is_answered_by_a_run_whose_events_can_be_read_again(serve):
    with serve(Script(THOUGHT)) as server, client(server) as api:
        conversation, sent = ask(api, seed=5)
        assert (sent["answer"]["state"], sent["run"]["seed"]) == ("waiting", 5)
        first = events(api, conversation, sent["run"]["id"])
        assert first[0]["event"] == "started"
        assert first[-1]["event"] == "finished"
        assert [event["sequence"] for event in first] == [int(event["id"]) for event in first]
        again = events(api, conversation, sent["run"]["id"], after=first[0]["sequence"])
        assert again == first[1:]
        path = f"/conversations/{conversation}/runs/{sent['run']['id']}/events"
        for given in ("9" * 5000, "-1", "x"):  # not a number of ours: from the beginning
            assert api.get(path, headers={"last-event-id": given}).text.count("event: finished") == 1
        answer = api.get(f"/messages/{sent['answer']['id']}").json()
        assert texts(answer) == [("thinking", "Hm."), ("answer", "Forty-two.")]
        assert (answer["state"], answer["model"]) == ("done", "scripted")
        run = api.get(f"/conversations/{conversation}/runs/{sent['run']['id']}").json()
        assert (run["state"], run["thinking_ms"]) == ("done", answer["parts"][0]["ms"])
        assert run["sequence"] == first[-1]["sequence"]


def test_a_server_that_stops_and_starts_goes_on_with_its_answers(serve, gate):
    text = "<think>\nHm.\n</think>\n\n" + "word " * 400
    with serve(Script(text, gate=gate)) as server, client(server) as api:
        conversation, sent = ask(api)
    with serve(Script(text)) as server, client(server) as api:
        server.wait_until(lambda: server.engine.finished > 0)
        events(api, conversation, sent["run"]["id"])
        answer = api.get(f"/messages/{sent['answer']['id']}").json()
        assert texts(answer) == [("thinking", "Hm."), ("answer", "word " * 400)]


def test_regenerate_makes_a_sibling_and_continue_goes_on_from_a_thought(serve):
    with serve(Script("One."), Script("Two."), Script(" and more.</think>Three.")) as server, client(server) as api:
        conversation, sent = ask(api)
        events(api, conversation, sent["run"]["id"])
        body = {"parent": sent["message"]["id"]}
        second = api.post(f"/conversations/{conversation}/runs", json=body).json()
        events(api, conversation, second["run"]["id"])
        assert second["message"]["siblings"] == [sent["answer"]["id"], second["message"]["id"]]
        body = {"continues": sent["answer"]["id"], "thinking": "My thought"}
        third = api.post(f"/conversations/{conversation}/runs", json=body).json()
        events(api, conversation, third["run"]["id"])
        message = api.get(f"/messages/{third['message']['id']}").json()
        assert texts(message) == [("thinking", "My thought and more."), ("answer", "Three.")]
        assert message["parts"][0]["edited"] is True
        assert texts(api.get(f"/messages/{sent['answer']['id']}").json()) == [("answer", "One.")], "nothing is replaced"


def test_stop_and_what_cannot_be_stopped(serve):
    with serve(Script("x" * 100_000)) as server, client(server) as api:
        conversation, sent = ask(api)
        path = f"/conversations/{conversation}/runs/{sent['run']['id']}"
        server.wait_until(lambda: server.engine.running > 0)
        run = api.post(f"{path}/stop").json()
        assert run["state"] == "stopped"
        assert api.post(f"{path}/stop").json()["state"] == "stopped"
        assert api.post(f"{path}/answer-now").status_code == 200
        assert api.get(f"/conversations/{conversation}/runs/nothing").status_code == 404
        assert api.post(f"{path}/tool-calls/nothing/consent", json={"allow": True}).status_code == 404
        assert server.engine.running == 0


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        ({}, 422, "parent"),
        ({"parent": "x", "continues": "y"}, 422, "parent"),
        ({"parent": "nothing"}, 404, "no message"),
        ({"continues": "nothing"}, 404, "no message"),
        ({"parent": "x", "together": 99}, 422, "together"),
        ({"parent": "x", "other": 1}, 422, "other"),
    ],
)
def test_bodies_that_cannot_be_run(serve, body, status, words):
    with serve() as server, client(server) as api:
        conversation = api.post("/conversations", json={}).json()["id"]
        answer = api.post(f"/conversations/{conversation}/runs", json=body)
        assert answer.status_code == status, answer.text
        assert words in answer.json()["error"]["message"]


def test_an_unknown_model_is_refused_before_the_question_is_stored(serve):
    with serve() as server, client(server) as api:
        conversation = api.post("/conversations", json={}).json()["id"]
        body = {"parent": None, "text": "Hi", "run": {"model": "nothing"}}
        assert api.post(f"/conversations/{conversation}/messages", json=body).status_code in (404, 503)
        assert api.get(f"/conversations/{conversation}/messages").json()["data"] == []


def test_a_conversation_that_is_deleted_ends_its_run_and_what_reads_it(serve):
    with serve(Script("x" * 100_000)) as server, client(server) as api:
        conversation, sent = ask(api)
        server.wait_until(lambda: server.engine.running > 0)
        with api.stream("GET", f"/conversations/{conversation}/runs/{sent['run']['id']}/events") as stream:
            lines = stream.iter_lines()
            next(lines)
            api.delete(f"/conversations/{conversation}", params={"permanently": True})
            assert not any("finished" in line for line in lines)
        server.wait_until(lambda: server.engine.running == 0)


def test_the_model_names_a_conversation_but_never_over_a_name_of_the_users(serve):
    with serve(Script("Hello."), Script("**Saying Hello**")) as server, client(server) as api:
        conversation, _ = ask(api, "Say hello\n```python\nx\n```")
        server.wait_until(lambda: server.engine.finished == 2)
        for _ in range(200):
            row = api.get(f"/conversations/{conversation}").json()
            if row["title_source"] == "model":
                break
        assert row["title"] == "Saying Hello"
        named = api.post("/conversations", json={"title": "Mine"}).json()["id"]
        _, sent = ask(api, conversation=named)
        events(api, named, sent["run"]["id"])
        assert api.get(f"/conversations/{named}").json()["title"] == "Mine"


def test_a_log_that_was_pruned_gives_the_message(serve):
    with serve(Script("Hello.")) as server, client(server) as api:
        conversation, sent = ask(api)
        events(api, conversation, sent["run"]["id"])
        assistant = server.app.state.assistant.made
        server.call(assistant.supervisor.runs.prune(2**60))
        (only,) = events(api, conversation, sent["run"]["id"], after=1)
        assert (only["event"], texts(only)) == ("message", [("answer", "Hello.")])
