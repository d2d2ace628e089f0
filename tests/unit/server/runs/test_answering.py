from dataclasses import replace

from run_harness import EchoTool, MemoryStore, Process, Tools, request, until
from scripted import Script

from fathom.base.errors import GenerationError, OverloadedError
from fathom.server.generation.events import GenerationDelta, GenerationStarted
from fathom.server.models.source import Abilities
from fathom.server.runs import answering
from fathom.server.runs.answering import tokens_event
from fathom.server.runs.fold import fold
from fathom.text.events import AnswerText

CALL = '<tool_call>\n{"name": "echo", "arguments": {"a": 1}}\n</tool_call>'
SCRIPTS = ("<think>\nHm.\n</think>\n\nI look." + CALL, "So: <b>")


async def test_a_run_with_tools_goes_on_from_every_token_of_every_segment():
    def process(store, begun=0):
        return Process(store, *map(Script, SCRIPTS[begun:]), toolbox=Tools((EchoTool(),)))

    store = MemoryStore()
    store.add(request(tools=("echo",)))
    whole = process(store)
    whole.start()
    expected = shown(await whole.finish())
    for kill_at in range(1, 110, 9):
        store = MemoryStore()
        store.add(request(tools=("echo",)))
        first = process(store)
        first.start()
        await until(lambda at=kill_at, store=store, first=first: count(store) >= at or first.task.done())
        await first.kill()
        second = process(store, begun=sum(event["type"] == "segment" for event in store.logs["run"]) - 1)
        second.start()
        message = await second.finish()
        assert shown(message) == expected, kill_at
        assert message.usage["completion_tokens"] == sum(len(text) + 1 for text in SCRIPTS)


def shown(message):
    return [(part["type"], part.get("text"), part.get("arguments"), part.get("result")) for part in message.parts]


def count(store):
    return sum(len(event["ids"]) for event in store.logs["run"] if event["type"] == "tokens")


async def test_a_full_queue_is_waited_for(monkeypatch):
    monkeypatch.setattr(answering, "WAIT", 0)
    store = MemoryStore()
    store.add(request())
    process = Process(store, Script(error=OverloadedError("the queue is full")), Script("Hello."))
    process.start()
    message = await process.finish()
    assert message.parts[0]["text"] == "Hello."
    assert [event["text"] for event in store.logs["run"] if event["type"] == "status"] == ["waiting: the queue is full"]


def test_tokens_are_an_event_of_their_own():
    assert tokens_event(1, 2, (3, 4), 5) == {"type": "tokens", "segment": 1, "branch": 2, "ids": [3, 4], "at": 5}


async def test_counts_speed_and_cost_are_known_while_it_is_written(monkeypatch):
    monkeypatch.setattr("fathom.server.runs.writer.REPORT_MS", 0)
    store = MemoryStore()
    store.add(request())
    process = Process(store, Script("<think>\n" + "x" * 60 + "</think>Yes."))
    abilities = process.source.abilities

    async def priced():
        return replace(await abilities(), prices=(0.5, 0.25))

    process.source.abilities = priced
    process.start()
    await process.finish()
    reports = [event["usage"] for event in store.logs["run"] if event["type"] == "usage"]
    counts = [usage["completion_tokens"] for usage in reports]
    assert len(counts) > 2
    assert counts == sorted(counts)
    for usage in (*reports, store.message().usage):
        assert usage["cost"] == 0.5 * usage["prompt_tokens"] + 0.25 * usage["completion_tokens"]
    thought = fold([event for event in store.logs["run"] if event["sequence"] < first_answer(store)])
    assert thought.usage["completion_tokens"] > 8, "it is known while it thinks"


def first_answer(store):
    return next(event["sequence"] for event in store.logs["run"] if event.get("kind") == "answer")


async def test_the_tokens_of_another_server_are_estimated_until_it_counts_them():
    class Source:
        name = "other"

        async def abilities(self):
            return Abilities()

        async def chat(self, job):
            yield GenerationStarted(())
            yield GenerationDelta(0, (AnswerText("Twelve bytes"),), (), ())
            raise GenerationError("it broke off")

    store = MemoryStore()
    store.add(request())
    process = Process(store, source=Source())
    process.start()
    usage = (await process.finish()).usage
    assert (usage["completion_tokens"], usage["prompt_tokens"]) == (3, 1)
