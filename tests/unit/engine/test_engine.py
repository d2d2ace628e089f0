import asyncio
import gc
import threading
from contextlib import aclosing

import pytest

from fathom.base.errors import GenerationError, OverloadedError, RequestError
from fathom.engine.config import EngineConfig
from fathom.engine.core import EngineCore
from fathom.engine.engine import Engine
from fathom.engine.request import GrammarSpec, Request, SamplingParams

GREEDY = SamplingParams(temperature=0, max_tokens=8)
ENDLESS = SamplingParams(seed=1, ignore_eos=True)


@pytest.fixture
def engine(gqa, vocabulary):
    config = EngineConfig(page_size=4, num_pages=256, max_batch_tokens=16, max_sequences=4, max_queue=2)
    with Engine(gqa, vocabulary, config) as running:
        yield running
    assert running.stats().running == 0


async def tokens_of(stream):
    return [token for token in [chunk.token_ids async for chunk in stream] for token in token]


async def all_free(engine):  # sleeping, not spinning: the engine's thread needs the interpreter, too
    while engine.stats().pages_free < engine.stats().pages_total or engine.stats().waiting:
        await asyncio.sleep(0.001)
    return True


async def test_chunks_arrive_and_add_up(engine, gqa, greedy):
    answers = await asyncio.gather(*(tokens_of(engine.generate(Request((i, 2, 3), GREEDY))) for i in range(5)))
    assert answers == [greedy(gqa, (i, 2, 3), 8) for i in range(5)]
    stats = engine.stats()
    assert (stats.finished, stats.generated_tokens, stats.prompt_tokens) == (5, 40, 15)


async def test_every_completion_ends_with_one_reason(engine):
    reasons = {}
    async for chunk in engine.generate(Request((5, 6), SamplingParams(n=3, seed=1, max_tokens=4, ignore_eos=True))):
        assert chunk.index not in reasons
        if chunk.finish_reason:
            reasons[chunk.index] = chunk.finish_reason
    assert reasons == {0: "length", 1: "length", 2: "length"}


async def test_a_slow_consumer_gets_its_chunks_joined(engine, gqa, greedy):
    stream = engine.generate(Request((1, 2, 3), GREEDY))
    first = await anext(stream)
    while engine.stats().finished == 0:  # the engine does not wait for a reader
        await asyncio.sleep(0.001)
    (rest,) = [chunk async for chunk in stream]
    assert [*first.token_ids, *rest.token_ids] == greedy(gqa, (1, 2, 3), 8)


async def test_closing_the_stream_frees_its_pages(engine):
    stream = engine.generate(Request((1, 2, 3), ENDLESS))
    await anext(stream)
    await stream.aclose()
    assert await all_free(engine)
    with pytest.raises(StopAsyncIteration):
        await anext(stream)
    assert engine.stats().finished == 0


async def test_an_accepted_request_that_is_never_read_can_be_closed(engine):
    with pytest.raises(RequestError, match="the prompt is empty"):
        await engine.submit(Request((), GREEDY))
    stream = await engine.submit(Request((1, 2, 3), ENDLESS))
    await stream.aclose()
    await stream.aclose()
    assert await all_free(engine)


async def test_throwing_into_the_stream_frees_its_pages(engine):
    stream = engine.generate(Request((1, 2, 3), ENDLESS))
    await anext(stream)
    with pytest.raises(KeyError):
        await stream.athrow(KeyError("of the caller's"))
    assert await all_free(engine)


async def test_cancelling_the_task_that_reads_frees_its_pages(engine):
    async def read():
        async for _ in engine.generate(Request((1, 2, 3), ENDLESS)):
            started.set()

    started = asyncio.Event()
    task = asyncio.create_task(read())
    await started.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await all_free(engine)


async def test_dropping_the_stream_frees_its_pages(engine):
    async for _ in engine.generate(Request((1, 2, 3), ENDLESS)):
        break
    gc.collect()
    assert await all_free(engine)


async def test_bad_requests_are_refused_before_the_first_chunk(engine):
    with pytest.raises(RequestError, match="the prompt is empty"):
        await anext(engine.generate(Request((), GREEDY)))
    with pytest.raises(RequestError, match="the prompt has 300 tokens, the context holds 256"):
        await anext(engine.generate(Request((1,) * 300, GREEDY)))
    with pytest.raises(RequestError, match="the type 'frob' is none of JSON's"):
        await anext(engine.generate(Request((1,), GREEDY, GrammarSpec("json_schema", {"type": "frob"}))))
    async with aclosing(engine.generate(Request((1,), ENDLESS, id="twice"))) as stream:
        await anext(stream)
        with pytest.raises(RequestError, match="request twice is already running"):
            await anext(engine.generate(Request((1,), ENDLESS, id="twice")))


async def test_an_id_can_be_reused_once_its_request_is_gone(engine, gqa, monkeypatch):
    hidden, gate = gqa.hidden_states, threading.Event()

    def slow(*args):
        gate.wait()
        return hidden(*args)

    with monkeypatch.context() as patch:
        patch.setattr(gqa, "hidden_states", slow)
        first = asyncio.ensure_future(anext(engine.generate(Request((1,), GREEDY, id="name"))))
        while not engine.stats().running:
            await asyncio.sleep(0.001)
        first.cancel()  # its step is still being computed, and must not reach the next of that name
        with pytest.raises(asyncio.CancelledError):
            await first
        with pytest.raises(RequestError, match="request name is already running"):
            await anext(engine.generate(Request((2,), GREEDY, id="name")))
        gate.set()
        assert await all_free(engine)
    assert len(await tokens_of(engine.generate(Request((2,), GREEDY)))) == 8


async def test_a_full_queue_is_refused_at_once(engine):
    async with aclosing(engine.generate(Request((1, 2), SamplingParams(n=6, ignore_eos=True)))) as stream:
        await anext(stream)
        with pytest.raises(OverloadedError, match="the queue is full with 6 completions; try again later"):
            await anext(engine.generate(Request((1, 2), GREEDY)))
    assert len(await tokens_of(engine.generate(Request((1, 2), GREEDY)))) == 8


async def test_a_failed_step_raises_and_the_engine_continues(engine, gqa, monkeypatch):
    def broken(*_):
        raise RuntimeError("no memory")

    with monkeypatch.context() as patch:
        patch.setattr(gqa, "hidden_states", broken)
        with pytest.raises(GenerationError, match="a step of the model failed; its log says why"):
            await tokens_of(engine.generate(Request((1, 2), GREEDY)))
    assert len(await tokens_of(engine.generate(Request((1, 2), GREEDY)))) == 8


async def test_closing_the_engine_ends_what_runs(gqa):
    engine = Engine(gqa)
    with pytest.raises(GenerationError, match="the engine is not running; start it"):
        await anext(engine.generate(Request((1, 2), GREEDY)))
    engine.start()
    stream = engine.generate(Request((1, 2), ENDLESS))
    await anext(stream)
    engine.close()
    engine.close()
    rest = [chunk async for chunk in stream]
    assert rest[-1].finish_reason == "cancelled"
    assert engine.stats().pages_free == engine.stats().pages_total
    engine.start()
    assert len(await tokens_of(engine.generate(Request((1, 2), GREEDY)))) == 8
    engine.close()


async def test_a_closed_event_loop_does_not_stop_the_engine(engine):
    def leave():
        async def main():
            stream = engine.generate(Request((1, 2), ENDLESS))
            await anext(stream)
            return stream

        return asyncio.run(main())

    stream = await asyncio.to_thread(leave)
    assert await all_free(engine)
    assert len(await tokens_of(engine.generate(Request((1, 2), GREEDY)))) == 8
    del stream


async def test_a_loop_closed_without_its_generators_does_not_keep_a_request(engine):
    def leave():
        loop = asyncio.new_event_loop()
        stream = engine.generate(Request((1, 2), ENDLESS))
        loop.run_until_complete(anext(stream))
        loop.close()  # no shutdown_asyncgens: nothing closes the generator
        return stream

    stream = await asyncio.to_thread(leave)
    assert await all_free(engine)
    assert len(await tokens_of(engine.generate(Request((1, 2), GREEDY)))) == 8
    del stream


async def test_a_request_is_validated_once(engine, monkeypatch):
    calls, validate = [], EngineCore.validate

    def count(self, request):
        calls.append(request.id)
        return validate(self, request)

    monkeypatch.setattr(EngineCore, "validate", count)
    await tokens_of(engine.generate(Request((1, 2), GREEDY, id="one")))
    assert calls == ["one"]
