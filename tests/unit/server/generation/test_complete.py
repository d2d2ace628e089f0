"""Completions of several prompts: numbering, merged streams, errors, and no stream left open."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

import pytest
from scripted import Script, scripted_model

from fathom.base.errors import RequestError
from fathom.server.errors import StoppingError
from fathom.server.generation.complete import complete, merge
from fathom.server.generation.events import ChoiceFinished, GenerationDelta, GenerationStarted, PromptScored
from fathom.server.generation.jobs import TextJob
from fathom.types import Usage


class ScriptedStream:
    """Yields ``items``, then raises ``error`` or waits for ever; ``closed`` records whether it was closed."""

    def __init__(self, *items: int, error: Exception | None = None, endless: bool = False) -> None:
        self.items, self.error, self.endless, self.closed = items, error, endless, False

    async def stream(self) -> AsyncGenerator[int, None]:
        try:
            for item in self.items:
                await asyncio.sleep(0)
                yield item
            if self.error:
                raise self.error
            if self.endless:
                await asyncio.Event().wait()
        finally:
            self.closed = True


@pytest.mark.parametrize("sources", [[], [()], [(1, 2, 3)], [(1, 2), (), (3, 4, 5)]])
async def test_all_items_come_and_each_stream_keeps_its_order(sources):
    items = [item async for item in merge([ScriptedStream(*source).stream() for source in sources])]
    assert sorted(items) == sorted(item for source in sources for item in source)
    for source in sources:
        assert [item for item in items if item in source] == list(source)


@pytest.mark.parametrize("others", [0, 1, 3])
async def test_the_first_error_ends_all(others):
    sources = [ScriptedStream(1, error=ValueError("boom")), *(ScriptedStream(2, endless=True) for _ in range(others))]
    with pytest.raises(ValueError, match="boom"):
        async for _ in merge([source.stream() for source in sources]):
            pass
    assert all(source.closed for source in sources)


@pytest.mark.parametrize("count", [1, 3])
async def test_closing_it_closes_all(count):
    sources = [ScriptedStream(i, endless=True) for i in range(count)]
    async with aclosing(merge([source.stream() for source in sources])) as merged:
        for _ in range(count):
            await anext(merged)
    assert all(source.closed for source in sources)


async def test_cancelling_the_waiting_task_closes_all():
    sources = [ScriptedStream(endless=True), ScriptedStream(endless=True)]
    merged = merge([source.stream() for source in sources])
    task = asyncio.ensure_future(anext(merged))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await merged.aclose()
    assert all(source.closed for source in sources)


async def events_of(served, *prompts, **sampling):
    return [event async for event in complete(served, TextJob(prompts, sampling))]


async def test_text_and_token_prompts_in_one_job():
    served = scripted_model(Script("x"))
    events = await events_of(served, "ab", (99,), n=2)
    assert events[0] == GenerationStarted(((97, 98), (99,)))
    assert {event.index for event in events if isinstance(event, ChoiceFinished)} == {0, 1, 2, 3}
    assert events[-1].usage == Usage(prompt_tokens=3, completion_tokens=4 * len("x#0_"))


async def test_prompts_are_scored_before_their_choices():
    served = scripted_model(Script("xy"))
    job = TextJob(("abc", (99,)), {"n": 2, "logprobs": 0, "max_tokens": 1}, score_prompts=True)
    events = [event async for event in complete(served, job)]
    scored = [event for event in events if isinstance(event, PromptScored)]
    assert sorted((event.index, len(event.logprobs)) for event in scored) == [(0, 2), (1, 0)]
    for event in scored:
        deltas = [i for i, e in enumerate(events) if isinstance(e, GenerationDelta) and e.index // 2 == event.index]
        assert events.index(event) < deltas[0]


async def test_a_request_that_is_refused_leaves_none_open():
    served = scripted_model(Script("x"), Script(error=RequestError("no")))
    events = complete(served, TextJob(("a", "b", "c")))
    with pytest.raises(RequestError, match="no"):
        await anext(events)
    assert served.engine.running == 0


async def test_a_suffix_needs_a_model_that_fills_in_the_middle():
    with pytest.raises(RequestError, match="cannot fill in"):
        await anext(complete(scripted_model(), TextJob(("a",), suffix="b")))


@pytest.mark.parametrize("prompts", [("a",), ("a", "b", "c")])
async def test_a_cancelled_chunk_raises_stopping_error(prompts):
    served = scripted_model(Script("Hey", finish="cancelled"))
    with pytest.raises(StoppingError):
        await events_of(served, *prompts)
    assert served.engine.running == 0


@pytest.mark.parametrize("prompts", [("a",), ("a", "b", "c")])
async def test_closing_early_cancels_every_request(prompts):
    served = scripted_model(Script("a long answer"))
    async with aclosing(complete(served, TextJob(prompts))) as events:
        async for event in events:
            if isinstance(event, GenerationDelta):
                break
    assert (served.engine.running, served.engine.finished) == (0, 0)
