"""The supervisor over a database in a file; routes and streams: tests/unit/server/api/assistant."""

import asyncio
import json

import pytest
from run_harness import EchoTool, ModelSource, Tools, until
from scripted import Script, scripted_model

from fathom.base.errors import StorageError
from fathom.server.conversations.changes import Changes
from fathom.server.conversations.messages import Messages
from fathom.server.conversations.records import NewQuestion
from fathom.server.conversations.repository import Conversations
from fathom.server.errors import ApiError, ConflictError, NotFoundError, StoppingError, UnavailableError
from fathom.server.runs.feed import LiveFeed
from fathom.server.runs.repository import Runs
from fathom.server.runs.services import RunServices
from fathom.server.runs.supervisor import RunSupervisor, begun_parts

CALL = '<tool_call>\n{"name": "echo", "arguments": {"a": 1}}\n</tool_call>'


class Server:
    """One process' supervisor over a database."""

    def __init__(self, database, *scripts, toolbox=None, defaults=None):
        changes = Changes()
        self.served = scripted_model(*scripts)
        self.conversations = Conversations(database, changes)
        self.messages = Messages(database, changes)
        self.runs = Runs(database, changes)

        self.source = ModelSource(self.served)

        async def source(name):
            return self.source

        async def project(conversation):
            return None

        async def preferences():
            return defaults or {}

        def services(log):
            return RunServices(log, source, self.messages.read, project, toolbox, delay=0)

        self.feed = LiveFeed()
        self.supervisor = RunSupervisor(self.runs, self.conversations, self.messages, self.feed, services, preferences)

    async def ask(self, settings=None, **options):
        conversation = (await self.conversations.create(settings=settings or {})).id
        question = await self.messages.ask(conversation, parent=None, text="Hi?")
        return await self.supervisor.start(conversation, question.id, options)

    async def end_of(self, started):
        active = self.supervisor.active(started.run["id"])
        if active is not None:
            await active.task
        await self.supervisor.log.drain()
        return await self.messages.get(started.answer.id)


async def test_options_come_from_the_preferences_the_conversation_and_the_request(sqlite):
    server = Server(sqlite, defaults={"temperature": 0.1, "top_p": 0.2, "max_tokens": 300})
    await server.supervisor.open()
    started = await server.ask({"top_p": 0.3, "thinking": "off"}, max_tokens=400, seed=9)
    record = await server.runs.get(started.run["id"])
    assert record.request.sampling == {"temperature": 0.1, "top_p": 0.3, "max_tokens": 400, "seed": 9}
    assert (record.request.thinking, started.run["seed"]) == ("off", 9)
    assert (await server.end_of(started)).state == "done"
    await server.supervisor.close()


async def test_a_message_that_is_written_is_shown_as_far_as_it_is(sqlite):
    gate = asyncio.Event()
    text = "word " * 20_000
    server = Server(sqlite, Script(text, gate=gate))
    await server.supervisor.open()
    conversation = (await server.conversations.create()).id
    asked = await server.supervisor.ask(conversation, NewQuestion(None, "Hi?"), {})
    run = asked.run["id"]
    assert await server.supervisor.message_json(asked.question) == asked.question.json()
    gate.set()
    await until(lambda: server.supervisor.active(run).message.parts)
    gate.clear()
    row = await server.messages.get(asked.answer.id)
    shown = await server.supervisor.message_json(row)
    assert row.parts == ()
    assert text.startswith(shown["parts"][0]["text"])
    assert (shown["state"], shown["sequence"] > 0) == ("streaming", True)
    await server.supervisor.close()
    stored = await server.supervisor.message_json(row)
    later = await Server(sqlite).supervisor.message_json(row)
    assert later["parts"] == [{"type": "answer", "text": later["parts"][0]["text"]}], "from the events alone"
    assert later["parts"][0]["text"].startswith(shown["parts"][0]["text"])
    assert stored["parts"][0]["text"] == later["parts"][0]["text"]


async def test_what_a_server_leaves_the_next_one_finishes(sqlite):
    first = Server(sqlite, Script("one two three", gate=asyncio.Event()))
    await first.supervisor.open()
    started = await first.ask()
    await first.supervisor.close()
    with pytest.raises(StoppingError):
        await first.ask()
    second = Server(sqlite, Script("one two three"))
    await second.supervisor.open()
    await second.supervisor.open()
    message = await second.end_of(started)
    assert (message.state, message.parts) == ("done", ({"type": "answer", "text": "one two three"},))
    await second.supervisor.close()


async def test_consent_and_what_does_not_wait_for_it(sqlite):
    server = Server(sqlite, Script(CALL), Script("Done."), toolbox=Tools((EchoTool(),), "ask"))
    await server.supervisor.open()
    started = await server.ask(tools=["echo"])
    conversation, run = started.answer.conversation, started.run["id"]
    active = server.supervisor.active(run)
    while active.state != "consent":
        await asyncio.sleep(0.001)
    call = active.message.parts[0]["id"]
    with pytest.raises(NotFoundError):
        await server.supervisor.consent(conversation, run, "another", allow=True)
    await server.supervisor.consent(conversation, run, call, allow=True, always=True)
    assert await server.supervisor.services.toolbox.policy("echo") == "always"
    message = await server.end_of(started)
    assert [part["type"] for part in message.parts] == ["tool_call", "answer"]
    with pytest.raises(NotFoundError):
        await server.supervisor.consent(conversation, run, call, allow=True)
    await server.supervisor.close()


async def test_readers_learn_that_nothing_can_be_stored_and_when_it_can(sqlite, monkeypatch):
    server = Server(sqlite, Script("abc" * 200))
    await server.supervisor.open()
    server.supervisor.log._retry = 0.001
    stream = server.feed.subscribe()
    write = server.runs.write
    failing = [StorageError("the disk is full", "free some space")] * 3

    async def broken(writes):
        if failing:
            raise failing.pop()
        return await write(writes)

    monkeypatch.setattr(server.runs, "write", broken)
    started = await server.ask()
    stream.conversation = started.answer.conversation
    message = await server.end_of(started)
    assert message.parts[0]["text"] == "abc" * 200
    frames = (await stream.get()).decode()
    assert "not stored yet: the disk is full; free some space" in frames
    states = [json.loads(text.partition("\n")[0]) for text in frames.split("event: storage\ndata: ")[1:]]
    assert states == [{"error": {"message": "the disk is full", "remedy": "free some space"}}, {"error": None}]
    await server.supervisor.close()


async def test_a_tool_that_is_not_there_is_refused(sqlite):
    server = Server(sqlite, toolbox=Tools((EchoTool(),)))
    await server.supervisor.open()
    with pytest.raises(ApiError, match="no tool 'other'"):
        await server.ask(tools=["echo", "other"])
    await server.supervisor.close()


async def test_the_runs_of_a_deleted_conversation_end_also_where_they_wait(sqlite):
    server = Server(sqlite, Script(CALL), toolbox=Tools((EchoTool(),), "ask"))
    await server.supervisor.open()
    started = await server.ask(tools=["echo"])
    active = server.supervisor.active(started.run["id"])
    while active.state != "consent":
        await asyncio.sleep(0.001)
    server.supervisor.end_conversation(started.answer.conversation)
    await asyncio.gather(active.task, return_exceptions=True)
    assert server.supervisor.active(started.run["id"]) is None
    await server.supervisor.close()


async def test_an_answer_that_is_written_cannot_be_continued(sqlite):
    server = Server(sqlite, Script("x", gate=asyncio.Event()))
    await server.supervisor.open()
    started = await server.ask()
    with pytest.raises(ConflictError):
        await server.supervisor.continue_message(started.answer.conversation, started.answer.id, None, {})
    await server.supervisor.close()


def test_what_a_continued_answer_begins_with():
    citation, thought, answer = {"type": "citation"}, {"type": "thinking", "text": "a"}, {"type": "answer", "text": "b"}
    assert begun_parts((citation, thought, answer), None) == [citation, thought, answer]
    edited = {"type": "thinking", "text": "c", "ms": None, "edited": True}
    assert begun_parts((citation, thought, answer), "c") == [citation, edited]
    assert begun_parts((), None) == []


async def test_an_opening_that_fails_half_way_leaves_every_run_to_the_next(sqlite, monkeypatch):
    first = Server(sqlite, Script("one", gate=asyncio.Event()), Script("two", gate=asyncio.Event()))
    await first.supervisor.open()
    left = [(await first.ask()).run["id"] for _ in range(2)]
    await first.supervisor.close()
    second = Server(sqlite, Script("one", gate=asyncio.Event()), Script("two", gate=asyncio.Event()))
    events = second.runs.events

    async def fail(run, after=0):
        if run == left[1]:
            raise StorageError("the database is locked", "try again")
        return await events(run, after)

    monkeypatch.setattr(second.runs, "events", fail)
    with pytest.raises(StorageError):
        await second.supervisor.open()
    monkeypatch.setattr(second.runs, "events", events)
    await second.supervisor.open()
    assert [second.supervisor.active(run) is not None for run in left] == [True, True]
    await second.supervisor.close()


async def test_a_call_of_another_servers_model_waits_for_consent_across_a_restart(sqlite):
    first = Server(sqlite, Script("I look.\n" + CALL), toolbox=Tools((EchoTool(),), "ask"))
    first.source.repeats = False
    await first.supervisor.open()
    started = await first.ask(tools=["echo"])
    conversation, run = started.answer.conversation, started.run["id"]
    await until(lambda: first.supervisor.active(run).state == "consent")
    await first.supervisor.close()
    second = Server(sqlite, Script("Done."), toolbox=Tools((EchoTool(),), "ask"))
    second.source.repeats = False
    await second.supervisor.open()
    call = second.supervisor.active(run).message.parts[1]
    assert call["state"] == "consent"
    await second.supervisor.consent(conversation, run, call["id"], allow=True)
    message = await second.end_of(started)
    assert [part.get("text") or part["result"]["text"] for part in message.parts] == ["I look.", "echo 1", "Done."]
    assert (message.state, message.error) == ("done", None)
    await second.supervisor.close()


async def interrupted(database, *scripts):
    """A server that has found an answer whose model is not there, and that answer."""
    first = Server(database, Script("one two three", gate=asyncio.Event()))
    await first.supervisor.open()
    started = await first.ask()
    await first.supervisor.close()
    server = Server(database, *scripts)
    server.source.away = UnavailableError("the model could not be loaded: no memory", "close other programs")
    stream = server.feed.subscribe(started.answer.conversation)
    await server.supervisor.open()
    await until(lambda: server.supervisor.active(started.run["id"]).state == "interrupted")
    return server, started, stream


async def test_an_answer_whose_model_is_not_there_waits_for_it(sqlite):
    server, started, stream = await interrupted(sqlite, Script("one two three"))
    conversation = started.answer.conversation
    row = await server.messages.get(started.answer.id)
    shown = await server.supervisor.message_json(row)
    reason = {"message": "the model could not be loaded: no memory", "remedy": "close other programs"}
    assert (row.state, shown["state"], shown["error"]) == ("interrupted", "interrupted", reason)
    assert not (await server.conversations.get(conversation)).running
    server.supervisor.waiting.wake()
    await asyncio.sleep(0)
    assert server.supervisor.active(started.run["id"]).state == "interrupted"
    server.source.away = None
    server.supervisor.waiting.wake()
    await until(lambda: server.supervisor.active(started.run["id"]) is None)
    message = await server.messages.get(started.answer.id)
    assert (message.state, message.error) == ("done", None)
    assert message.parts == ({"type": "answer", "text": "one two three"},)
    frames = (await stream.get()).decode()
    assert '"type":"interrupted","message":"the model could not be loaded: no memory"' in frames
    events = await server.supervisor.events(started.run["id"], 0)
    numbers = [event["sequence"] for event in events]
    assert numbers == sorted(set(numbers))
    await server.supervisor.close()


async def test_stop_ends_the_waiting_with_its_reason(sqlite):
    server, started, _ = await interrupted(sqlite)
    await server.supervisor.stop(started.answer.conversation, started.run["id"])
    message = await server.messages.get(started.answer.id)
    assert (message.state, message.error["message"]) == ("stopped", "the model could not be loaded: no memory")
    server.supervisor.waiting.wake()
    await asyncio.sleep(0)
    assert server.supervisor.active(started.run["id"]) is None
    await server.supervisor.close()


async def test_who_asks_again_waits_no_more(sqlite):
    for again in ("ask", "regenerate", "below"):
        server, started, _ = await interrupted(sqlite, Script("Yes."))
        server.source.away = None
        answer = started.answer
        if again == "regenerate":
            await server.supervisor.start(answer.conversation, answer.parent, {})
        else:
            parent = answer.id if again == "below" else None
            await server.supervisor.ask(answer.conversation, NewQuestion(parent, "Hi?"), {})
        message = await server.messages.get(answer.id)
        assert (message.state, message.error["message"]) == ("stopped", "the model could not be loaded: no memory")
        await server.supervisor.close()


async def test_an_answer_that_waits_is_left_to_the_next_server(sqlite):
    server, started, _ = await interrupted(sqlite)
    await server.supervisor.close()
    later = Server(sqlite, Script("one two three"))
    await later.supervisor.open()
    assert (await later.end_of(started)).state == "done"
    await later.supervisor.close()
