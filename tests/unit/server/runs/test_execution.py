import asyncio
import json
from contextlib import aclosing
from dataclasses import replace
from types import SimpleNamespace

import pytest
from run_harness import EchoTool, MemoryStore, ModelSource, Process, Tools, request, until
from scripted import Script

from fathom.base.errors import GenerationError
from fathom.server.conversations.context import Citation, TurnContext
from fathom.server.errors import UnavailableError, UnknownModelError
from fathom.server.models.upstream.endpoint import UpstreamError
from fathom.server.runs.execution import CONTEXT_SHARE, is_cut_off
from fathom.server.runs.records import RunRequest
from fathom.types import Conversation, Message, Picture

BROKEN = (GenerationError("no network"), ZeroDivisionError())
THOUGHT = "<think>\nHm.\n</think>\n\nForty-two."


def texts(message):
    return [(part["type"], part.get("text")) for part in message.parts]


async def test_a_run_thinks_and_answers():
    store = MemoryStore()
    store.add(request())
    process = Process(store, Script(THOUGHT))
    process.start()
    message = await process.finish()
    assert texts(message) == [("thinking", "Hm."), ("answer", "Forty-two.")]
    assert (message.state, message.finish_reason, message.error) == ("done", "stop", None)
    assert message.usage["completion_tokens"] == len(THOUGHT) + 1
    assert message.parts[0]["ms"] is not None
    assert store.records["run"].request.model == "scripted"


async def test_a_killed_run_goes_on_from_every_stored_token():
    whole = None
    for kill_at in range(1, len(THOUGHT), 5):
        store = MemoryStore()
        store.add(request())
        first = Process(store, Script(THOUGHT))
        first.start()
        await until(lambda at=kill_at, store=store, first=first: tokens(store) >= at or first.task.done())
        await first.kill()
        second = Process(store, Script(THOUGHT))
        second.start()
        message = await second.finish()
        whole = whole or texts(message)
        assert texts(message) == whole == [("thinking", "Hm."), ("answer", "Forty-two.")]
        assert tokens(store) == len(THOUGHT) + 1


def tokens(store):
    return sum(len(event["ids"]) for event in store.logs["run"] if event["type"] == "tokens")


async def test_stop_keeps_what_was_written():
    store = MemoryStore()
    store.add(request())
    script = Script("abc" * 50)
    process = Process(store, script)
    execution = process.start()
    await until(lambda: tokens(store) > 3)
    execution.interrupts.stop()
    message = await process.finish()
    assert message.state == "stopped"
    assert message.parts[0]["text"].startswith("abc")
    assert process.served.engine.running == 0


async def test_a_failed_answer_keeps_its_text_and_says_why():
    store = MemoryStore()
    store.add(request())
    process = Process(store, Script("abc", late_error=GenerationError("memory ran out", "ask for less")))
    process.start()
    message = await process.finish()
    assert texts(message) == [("answer", "abc")]
    assert (message.state, message.error) == ("failed", {"message": "memory ran out", "remedy": "ask for less"})


async def test_answer_now_ends_the_thinking():
    store = MemoryStore()
    store.add(request(thinking="high"))
    script = Script("x" * 10_000 + "</think>Yes.")
    process = Process(store, script)
    execution = process.start()
    await until(lambda: tokens(store) > 3)
    execution.answer_now()
    message = await process.finish()
    assert [part["type"] for part in message.parts] == ["thinking", "answer"]
    assert set(message.parts[0]["text"]) == {"x"}
    assert message.parts[1]["text"] == "Yes."


async def test_answer_now_outlives_the_process_that_it_was_said_to():
    script = Script("x" * 10_000 + "</think>Yes, it is so.")
    store = MemoryStore()
    store.add(request(thinking="high"))
    first = Process(store, script)
    execution = first.start()
    await until(lambda: tokens(store) > 3)
    execution.answer_now()
    await first.log.drain()
    await first.kill()
    thought = store.message().parts[0]["text"]
    assert store.logs["run"][-1]["type"] == "answer_now", "no token of the closing tag is stored"
    while store.records["run"].state != "done":  # it ends at the same token, however often the server is killed
        process = Process(store, script)
        process.start()
        known = tokens(store)
        await until(lambda known=known, one=process: tokens(store) > known or one.task.done())
        await (process.finish() if process.task.done() else process.kill())
    assert texts(store.message()) == [("thinking", thought), ("answer", "Yes, it is so.")]


async def test_answer_now_before_the_first_token_and_in_the_answer():
    store = MemoryStore()
    store.add(request(thinking="high"))
    process = Process(store, Script("abc</think>Yes."))
    process.start().answer_now()
    assert texts(await process.finish()) == [("answer", "Yes.")]
    store.add(request(thinking="high"))
    process = Process(store, Script("abc</think>Yes, it is."))
    execution = process.start()
    await until(lambda: len(store.message().parts) == 2)
    execution.answer_now()
    assert texts(await process.finish()) == [("thinking", "abc"), ("answer", "Yes, it is.")]
    assert all(event["type"] != "answer_now" for event in store.logs["run"])


async def test_answer_now_behind_the_end_of_the_thinking_changes_nothing():
    """Said twice, or between the closing tag and the first word of the answer: the tag is not written again."""
    for script in ("abc</think>\n\n\n\n\n\n\n\nYes.", "abcdefghi</think>\n\n\n\n\n\n\n\nYes."):
        for said in range(2, 16):
            store = MemoryStore()
            store.add(request(thinking="high"))
            process = Process(store, Script(script))
            execution = process.start()
            await until(lambda at=said, store=store: tokens(store) >= at)
            execution.answer_now()
            await until(lambda process=process: len(process.served.engine.requests) > 1 or process.task.done())
            execution.answer_now()
            message = await process.finish()
            assert "".join(part["text"] for part in message.parts if part["type"] == "answer").strip() == "Yes."


async def test_a_budget_ends_the_thinking_at_exactly_that_many_tokens():
    for budget in (5, 6, 7, 30):
        store = MemoryStore()
        store.add(request(thinking="budget", thinking_budget=budget))
        process = Process(store, Script("abcde\n\nfgh</think>Yes."))
        process.start()
        message = await process.finish()
        assert texts(message)[0] == ("thinking", "abcde\n\nfgh"[:budget].rstrip())
        assert texts(message)[1] == ("answer", "Yes.")


async def test_what_a_provider_knows_is_frozen_with_the_run():
    class Pages:
        async def provide(self, turn):
            assert (turn.question, turn.tokens) == ("Hi?", int(4096 * CONTEXT_SHARE))
            turn.report("reading a page")
            return TurnContext("Be brief.", "[1] The page.", (Citation(1, "web", "A page", "p", "https://a.example"),))

    class Broken:
        def __init__(self, error):
            self.error = error

        async def provide(self, turn):
            raise self.error

    store = MemoryStore()
    store.add(request())
    process = Process(store, Script("Yes [1]."), providers=(Pages(), *map(Broken, BROKEN)))
    process.start()
    message = await process.finish()
    assert [part["type"] for part in message.parts] == ["citation", "answer"]
    prompt = bytes(process.served.engine.requests[0].prompt).decode()
    assert "Be brief." in prompt
    assert "[1] The page.\n\nHi?" in prompt
    lines = [event["text"] for event in store.logs["run"] if event["type"] == "status"]
    assert lines[:2] == ["reading a page", "no network"]
    assert "left out" in lines[2]
    request_left = store.records["run"].request
    assert (request_left.ready, request_left.model) == (True, "scripted")
    assert (request_left.system, request_left.passages, request_left.citations) == ("", "", ()), "the message has them"


@pytest.mark.parametrize("where", ["provider", "line", "source", "turns", "toolbox", "tool", "citations", "together"])
async def test_work_that_cancels_itself_leaves_no_run_half_written(where):
    """Whatever breaks off: the run ends, without what is missing where an answer can do without it."""

    async def broken(*_, **__):
        raise asyncio.CancelledError

    class Pages:
        async def provide(self, turn):
            if where == "provider":
                await broken()
            if where == "line":
                assert await turn.write(Conversation((Message("user", "Hi?"),)), 8) is None
            return TurnContext("Be brief.", "[1] Page.", (Citation(1, "web", "A page", "p", "https://a.example"),))

    call = '<tool_call>\n{"name": "echo", "arguments": {"a": 1}}\n</tool_call>'
    store = MemoryStore()
    tools = ("echo",) if where in ("tool", "toolbox") else ()
    store.add(request(tools=tools, together=2 if where == "together" else 1))
    tools = Tools((EchoTool(),))
    process = Process(
        store,
        Script(call if where == "tool" else "Yes."),
        Script("Yes."),
        toolbox=tools,
        providers=(Pages(),),
        check_citations=broken if where == "citations" else None,
    )
    if where in ("line", "source", "together"):
        process.source.chat = breaking(process.source.chat, broken, times=1)
    if where == "turns":
        process.services = replace(process.services, turns=broken)
    if where == "toolbox":
        tools.tools = broken
    if where == "tool":
        tools.offered[0].call = broken
    process.start()
    message = await process.finish()
    assert process.task.exception() is None
    if where in ("source", "turns", "toolbox", "together"):
        assert (message.state, message.error["message"]) == ("failed", "a part of the work broke off")
    else:
        assert (message.state, message.parts[-1]["text"]) == ("done", "Yes.")
    if where == "tool":
        assert "broke off" in message.parts[1]["result"]["error"]


def breaking(chat, broken, times):
    """``chat``, which breaks off the first ``times`` times."""
    calls = iter(range(times))

    async def stream(job):
        if next(calls, None) is not None:
            await broken()
        async with aclosing(chat(job)) as events:
            async for event in events:
                yield event

    return stream


async def test_a_message_is_continued_and_an_edited_thought_goes_on():
    store = MemoryStore()
    store.add(request(begun=({"type": "thinking", "text": "I say: ", "ms": None, "edited": True},)))
    process = Process(store, Script("yes</think>Yes."))
    process.start()
    message = await process.finish()
    assert texts(message) == [("thinking", "I say: yes"), ("answer", "Yes.")]
    assert message.parts[0]["edited"]
    assert bytes(process.served.engine.requests[0].prompt).decode().endswith("<think>\nI say: ")


async def test_another_servers_model_cannot_resume():
    store = MemoryStore()
    store.add(request())
    first = Process(store, Script("abc" * 50))
    first.start()
    await until(lambda: tokens(store) > 3)
    await first.kill()
    second = Process(store, Script("abc" * 50))
    second.source = ModelSource(second.served, repeats=False)
    second.start()
    message = await second.finish()
    assert message.state == "failed"
    assert "another server's model" in message.error["message"]
    assert message.parts[0]["text"].startswith("abc")


@pytest.mark.parametrize("end", ["stop", "fail", "length"])
async def test_a_thought_that_ends_with_its_run_has_its_time(end):
    store = MemoryStore()
    sampling = {"seed": 7, "max_tokens": 50} if end == "length" else {"seed": 7}
    store.add(replace(request(thinking="high"), sampling=sampling))
    error = GenerationError("memory ran out") if end == "fail" else None
    process = Process(store, Script("x" * (50 if error else 10_000), late_error=error))
    execution = process.start()
    await until(lambda: tokens(store) > 3)
    if end == "stop":
        execution.interrupts.stop()
    message = await process.finish()
    assert [part["type"] for part in message.parts] == ["thinking"]
    assert message.state == {"stop": "stopped", "fail": "failed", "length": "done"}[end]
    assert message.parts[0]["ms"] >= 0
    kinds = [event["type"] for event in store.logs["run"]]
    assert kinds.count("thinking_ended") == 1
    assert kinds.index("thinking_ended") < kinds.index("finished")


async def test_waiting_for_a_model_is_no_thinking():
    store = MemoryStore()
    store.add(request(thinking="high"))
    first = Process(store, Script("x" * 10_000))
    first.start()
    await until(lambda: tokens(store) > 3)
    await first.kill()
    second = Process(store, source=ModelSource(None, away=UnavailableError("away")))
    execution = second.start(resumes=True)
    await second.task
    execution.writer._clock, before = lambda: 1e9, execution.writer.elapsed
    execution.end_waiting()
    await second.log.drain()
    await second.kill()
    assert store.message().state == "stopped"
    assert store.message().parts[0]["ms"] == before < 60_000


async def test_tools_run_between_segments():
    call = '<tool_call>\n{"name": "echo", "arguments": {"a": 1}}\n</tool_call>'
    store = MemoryStore()
    store.add(request(tools=("echo",)))
    tool = EchoTool()
    process = Process(store, Script(call), Script("It is 1."), toolbox=Tools((tool,)))
    process.start()
    message = await process.finish()
    assert [part["type"] for part in message.parts] == ["tool_call", "answer"]
    assert message.parts[0]["result"]["text"] == "echo 1"
    assert tool.calls == [{"a": 1}]
    second = bytes(process.served.engine.requests[1].prompt).decode()
    assert "echo 1" in second


async def test_a_run_of_an_earlier_server_waits_for_its_model_and_goes_on_by_prefix():
    store = MemoryStore()
    store.add(request())
    first = Process(store, Script(THOUGHT))
    first.start()
    await until(lambda: store.message().parts)
    await first.kill()
    away = UnavailableError("the model could not be loaded: no memory", "close other programs")
    second = Process(store, source=ModelSource(first.served, away=away))
    second.start(resumes=True)
    message = await second.finish()
    assert (message.state, store.records["run"].state) == ("interrupted", "interrupted")
    assert message.error == {"message": away.message, "remedy": away.remedy}
    assert THOUGHT.startswith("<think>\n" + message.parts[0]["text"])
    third = Process(store, Script(THOUGHT))
    third.start(resumes=True)
    message = await third.finish()
    assert texts(message) == [("thinking", "Hm."), ("answer", "Forty-two.")]
    assert (message.state, message.error, tokens(store)) == ("done", None, len(THOUGHT) + 1)


async def test_who_asks_now_is_told_at_once_that_the_model_is_not_there():
    for away, resumes, state in (
        (UnavailableError("away"), False, "failed"),
        (UnknownModelError("it", "another"), True, "interrupted"),
        (UpstreamError("502"), True, "interrupted"),
        (GenerationError("no"), True, "failed"),
    ):
        store = MemoryStore()
        store.add(request())
        process = Process(store, source=ModelSource(None, away=away))
        process.start(resumes=resumes)
        assert (await process.finish()).state == state


def test_whether_the_last_generation_was_cut_off():
    segment, ended, delta = {"type": "segment"}, {"type": "segment_ended"}, {"type": "delta"}
    call, citation = ({"type": "part", "value": {"type": kind}} for kind in ("tool_call", "citation"))
    assert not is_cut_off([])
    assert not is_cut_off([citation, segment, {"type": "status"}])
    assert is_cut_off([segment, delta])
    assert is_cut_off([segment, call])
    assert not is_cut_off([segment, delta, call, segment])
    assert not is_cut_off([segment, delta, call, ended, call])
    assert is_cut_off([segment, delta, call, ended, call, segment, delta])


async def test_a_run_with_pictures_that_was_killed_reads_them_again():
    class Sees(ModelSource):
        async def abilities(self):
            return replace(await super().abilities(), vision=True)

        def chat(self, job):
            asked.append([message.pictures for message in job.conversation.messages if message.role == "user"])
            return super().chat(job)

    class Chooses:
        async def provide(self, turn):
            return TurnContext(pictures=turn.files if turn.sees else ())

    question = SimpleNamespace(role="user", parts=[{"type": "file", "file": "f", "name": "a.png"}])
    pictures = {"f": Picture("image/png", b"abc")}
    asked, loaded = [], []

    async def load(ids):
        loaded.append(ids)
        return pictures

    async def turns(path):
        return [question]

    def process():
        source = Sees(None)
        made = Process(store, Script(THOUGHT), source=source, providers=(Chooses(),), pictures=load)
        source.served = made.served
        made.services = replace(made.services, turns=turns)
        return made

    store = MemoryStore()
    store.add(request())
    first = process()
    first.start()
    await until(lambda: len(store.message().parts) > 0)
    await first.kill()
    assert store.records["run"].request.pictures == ("f",)
    again = RunRequest.from_json(json.loads(json.dumps(store.records["run"].request.json())))
    assert again == store.records["run"].request
    assert RunRequest.from_json({n: v for n, v in again.json().items() if n != "pictures"}).pictures == ()
    second = process()
    second.start(resumes=True)
    assert (await second.finish()).state == "done"
    assert loaded == [("f",), ("f",)]
    assert asked == [[(pictures["f"],)]] * 2
