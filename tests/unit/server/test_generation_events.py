"""Jobs to events: order, counts, where a choice ends, what the engine is asked."""

from __future__ import annotations

from contextlib import aclosing
from dataclasses import replace

import pytest
from scripted import EOS, Script, scripted_backend

from fathom.base.errors import RequestError
from fathom.engine.request import SamplingParams
from fathom.server import backend as contract
from fathom.server.errors import StoppingError
from fathom.server.generation import (
    ChatJob,
    Closed,
    Finished,
    GenerationPiece,
    Opened,
    TextJob,
    chat,
    complete,
    sampling,
)
from fathom.text.events import AnswerText, ThinkingText, ToolCallStarted
from fathom.types import Conversation, Message, Tool, Usage

ASK = (Message("user", "Hi"),)


async def collect(events):
    return [event async for event in events]


async def test_the_order_of_events():
    backend = scripted_backend(Script("Hey", step=2, cached=4))
    events = await collect(chat(backend, ChatJob(Conversation(ASK))))
    prompt = backend.engine.requests[0].prompt
    assert events == [
        Opened((prompt,)),
        GenerationPiece(0, (AnswerText("He"),), tuple(b"He"), (), False),
        GenerationPiece(0, (AnswerText("y"),), tuple(b"y"), (), False),
        GenerationPiece(0, (), (EOS,), (), False),
        Closed(0, "stop"),
        Finished(Usage(len(prompt), cached_tokens=4, completion_tokens=4)),
    ]


async def test_tokens_of_thinking_are_counted_apart():
    backend = scripted_backend(Script("ab</think>cd"))
    events = await collect(chat(backend, ChatJob(Conversation(ASK, thinking=True))))
    pieces = [event for event in events if isinstance(event, GenerationPiece)]
    texts = [event for piece in pieces for event in piece.events]
    assert "".join(event.text for event in texts if isinstance(event, ThinkingText)) == "ab"
    assert "".join(event.text for event in texts if isinstance(event, AnswerText)) == "cd"
    assert events[-1].usage.reasoning_tokens == len("ab</think>")
    assert events[-1].usage.completion_tokens == len("ab</think>cd") + 1


async def test_a_call_is_the_reason():
    call = '<tool_call>\n{"name": "now", "arguments": {}}\n</tool_call>'
    backend = scripted_backend(Script(call))
    events = await collect(chat(backend, ChatJob(Conversation(ASK, (Tool("now"),)))))
    started = [
        e
        for piece in events
        if isinstance(piece, GenerationPiece)
        for e in piece.events
        if isinstance(e, ToolCallStarted)
    ]
    assert [event.name for event in started] == ["now"]
    assert Closed(0, "tool_calls") in events


async def test_a_forced_call_is_a_grammar_of_that_tool():
    backend = scripted_backend()
    tools = (Tool("now"), Tool("then"))
    await collect(chat(backend, ChatJob(Conversation(ASK, tools), call="then")))
    grammar = backend.engine.requests[0].grammar
    assert grammar.kind == "lark"
    assert '"then"' in grammar.value
    assert '"now"' not in grammar.value


async def test_end_tokens_of_the_template_and_of_the_model():
    backend = replace(
        scripted_backend(Script(), Script()), sampling=SamplingParams(stop_token_ids=(7,), temperature=0.5)
    )
    await collect(chat(backend, ChatJob(Conversation(ASK))))
    await collect(chat(backend, ChatJob(Conversation(ASK), {"ignore_eos": True, "top_p": 0.5})))
    first, second = (request.sampling for request in backend.engine.requests)
    assert set(first.stop_token_ids) == {7, EOS}
    assert second.stop_token_ids == ()
    assert (second.temperature, second.top_p) == (0.5, 0.5)


async def test_prompts_of_two_kinds_together():
    backend = scripted_backend(Script("x"))
    events = await collect(complete(backend, TextJob(("ab", (99,)), {"n": 2})))
    assert events[0] == Opened(((97, 98), (99,)))
    assert {event.index for event in events if isinstance(event, Closed)} == {0, 1, 2, 3}
    assert events[-1].usage == Usage(prompt_tokens=3, completion_tokens=4 * len("x#0_"))


async def test_leaving_early_frees_the_sequence():
    backend = scripted_backend(Script("a long answer"))
    async with aclosing(chat(backend, ChatJob(Conversation(ASK)))) as events:
        async for event in events:
            if isinstance(event, GenerationPiece):
                break
    assert (backend.engine.running, backend.engine.cancelled) == (0, 1)


async def test_an_engine_that_cancels_is_a_server_that_stops():
    backend = scripted_backend(Script("Hey", finish="cancelled"))
    with pytest.raises(StoppingError):
        await collect(chat(backend, ChatJob(Conversation(ASK))))


async def test_a_base_model_does_not_chat():
    backend = replace(scripted_backend(), chat=None)
    with pytest.raises(RequestError, match="no chat template"):
        await collect(chat(backend, ChatJob(Conversation(ASK))))
    assert (await collect(complete(backend, TextJob(("x",)))))[-1].usage.prompt_tokens == 1


def test_what_a_client_leaves_open_is_the_makers_advice():
    backend = contract.Backend("m", None, None, None, 10, sampling=SamplingParams(temperature=0.6, top_p=0.95))
    assert sampling(backend, {}) == backend.sampling
    assert sampling(backend, {"temperature": 0.0}) == SamplingParams(temperature=0.0, top_p=0.95)
