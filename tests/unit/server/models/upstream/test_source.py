"""An upstream model as the source of a run: our own server as the upstream, strict ones, several choices, failures."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from scripted import Script, instantly, scripted_model

from fathom.base.errors import FathomError
from fathom.server.app import create_app
from fathom.server.errors import UnavailableError
from fathom.server.generation.events import ChoiceFinished, GenerationDelta, GenerationFinished, GenerationStarted
from fathom.server.generation.jobs import ChatJob
from fathom.server.models.runtime import Runtime
from fathom.server.models.source import Abilities
from fathom.server.models.upstream.endpoint import FieldRefusedError, UpstreamEndpoint, UpstreamError
from fathom.server.models.upstream.source import UpstreamSource
from fathom.server.settings import Settings
from fathom.text.events import assemble_message
from fathom.types import Conversation, Message, Tool, Usage

HI = Conversation((Message("user", "Hi"),))


def source_over(transport: httpx.AsyncBaseTransport, **options: Any) -> UpstreamSource:
    endpoint = UpstreamEndpoint("Up", "http://localhost/v1", None, transport)
    return UpstreamSource("m@Up", "", endpoint, Abilities(context=100), **options)


async def generate(source: UpstreamSource, job: ChatJob) -> list[Any]:
    return [event async for event in source.chat(job)]


def message_of(events: list[Any], index: int = 0) -> Message:
    deltas = (event for event in events if isinstance(event, GenerationDelta) and event.index == index)
    return assemble_message(item for delta in deltas for item in delta.events)


class OurServer:
    """Fathom as the upstream."""

    def __init__(self, tmp_path, *scripts: Script) -> None:
        self.model = scripted_model(*scripts)
        self.runtime = Runtime(instantly(self.model))
        self.app = create_app(Settings(data_dir=tmp_path), self.runtime)

    async def source(self, **options: Any) -> UpstreamSource:
        self.runtime.start()
        await self.runtime.model()
        return source_over(httpx.ASGITransport(self.app), **options)


async def test_our_own_server_thinks_and_answers(tmp_path):
    noted: list[bool] = []
    server = OurServer(tmp_path, Script("Hm.\n</think>\n\nYes."))
    source = await server.source(on_thought=lambda: noted.append(True))
    events = await generate(source, ChatJob(Conversation(HI.messages, thinking=True), {"max_tokens": 50, "seed": 1}))
    assert message_of(events) == Message("assistant", "Yes.", "Hm.")
    assert isinstance(events[0], GenerationStarted)
    assert events[-2] == ChoiceFinished(0, "stop")
    finished = events[-1]
    assert isinstance(finished, GenerationFinished)
    assert finished.usage.completion_tokens > 0
    assert noted == [True]
    assert server.model.engine.requests[0].sampling.seed == 1
    assert await source.abilities() == Abilities(context=100)


async def test_our_own_server_calls_tools(tmp_path):
    server = OurServer(tmp_path, Script('<tool_call>\n{"name": "clock", "arguments": {}}\n</tool_call>'))
    events = await generate(await server.source(), ChatJob(Conversation(HI.messages, (Tool("clock"),))))
    (call,) = message_of(events).tool_calls
    assert (call.name, call.arguments) == ("clock", "{}")
    assert events[-2] == ChoiceFinished(0, "tool_calls")


async def test_a_prompt_that_is_too_long(tmp_path):
    server = OurServer(tmp_path)
    with pytest.raises(FieldRefusedError, match=r"Up refuses the request with 400 \(the prompt has"):
        await generate(await server.source(), ChatJob(Conversation((Message("user", "x" * 5000),))))


def completion(*deltas: dict[str, Any], finish: str | None = "stop", done: bool = True) -> httpx.Response:
    chunks = [{"choices": [{"index": 0, "delta": delta}]} for delta in deltas]
    if finish:
        chunks.append({"choices": [{"index": 0, "delta": {}, "finish_reason": finish}]})
        chunks.append({"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 2}})
    lines = [f"data: {json.dumps(chunk)}\n\n" for chunk in chunks] + (["data: [DONE]\n\n"] if done else [])
    return httpx.Response(200, headers={"content-type": "text/event-stream"}, text="".join(lines))


async def test_a_strict_server_is_asked_again_without_our_fields():
    asked: list[dict[str, Any]] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(json.loads(request.content))
        if "thinking" in asked[-1]:
            return httpx.Response(400, json={"error": {"message": "Unrecognized request argument: thinking"}})
        return completion({"content": "Hello"})

    events = await generate(source_over(httpx.MockTransport(answer)), ChatJob(Conversation(HI.messages, thinking=True)))
    assert message_of(events).content == "Hello"
    assert len(asked) == 2
    assert asked[1].keys() == {"model", "messages", "stream"}


async def test_a_stream_that_is_cut_keeps_what_came():
    events: list[Any] = []
    source = source_over(httpx.MockTransport(lambda _: completion({"content": "He"}, finish=None, done=False)))

    async def read() -> None:
        async for event in source.chat(ChatJob(HI)):
            events.append(event)

    with pytest.raises(UpstreamError, match="ended before its answer did"):
        await read()
    assert message_of(events).content == "He"


async def test_an_empty_answer():
    events = await generate(source_over(httpx.MockTransport(lambda _: completion())), ChatJob(HI))
    assert [type(event) for event in events] == [GenerationStarted, ChoiceFinished, GenerationFinished]


async def test_several_choices_are_several_requests():
    seeds: list[int] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seed = json.loads(request.content)["seed"]
        seeds.append(seed)
        return completion({"content": f"answer {seed}"})

    events = await generate(source_over(httpx.MockTransport(answer)), ChatJob(HI, {"n": 3, "seed": 7}))
    assert sorted(seeds) == [7, 8, 9]
    assert [message_of(events, index).content for index in range(3)] == ["answer 7", "answer 8", "answer 9"]
    assert sum(isinstance(event, GenerationStarted) for event in events) == 1
    assert events[-1] == GenerationFinished(Usage(prompt_tokens=3, completion_tokens=6))


async def test_one_failing_choice_ends_all():
    def answer(request: httpx.Request) -> httpx.Response:
        return completion({"content": "x"}) if json.loads(request.content)["seed"] == 7 else httpx.Response(500)

    with pytest.raises(UpstreamError, match="Up failed with 500"):
        await generate(source_over(httpx.MockTransport(answer)), ChatJob(HI, {"n": 2, "seed": 7}))


@pytest.mark.parametrize(
    ("status", "there"), [(200, True), (404, True), (429, True), (400, True), (401, False), (502, False)]
)
async def test_an_upstream_is_there_if_it_answers(status, there):
    source = source_over(httpx.MockTransport(lambda _: httpx.Response(status, json={"data": []})))
    if there:
        await source.check()
    else:
        with pytest.raises(FathomError):
            await source.check()


async def test_an_upstream_that_cannot_be_reached_is_not_there():
    def refuse(request):
        raise httpx.ConnectError("refused")

    with pytest.raises(UnavailableError):
        await source_over(httpx.MockTransport(refuse)).check()
