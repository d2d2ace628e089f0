import asyncio
import gc
import threading

import pytest

from fathom.base.errors import GenerationError, OverloadedError, RequestError
from fathom.engine.config import EngineConfig
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


async def test_a_consumer_that_lags_finds_its_chunks_joined(engine, gqa, greedy):
    stream = engine.generate(Request((1, 2, 3), GREEDY))
    await stream.ready()
    while engine.stats().finished == 0:  # the engine does not wait for anyone to read
        await asyncio.sleep(0.001)
    chunks = [chunk async for chunk in stream]
    assert len(chunks) == 1
    assert list(chunks[0].token_ids) == greedy(gqa, (1, 2, 3), 8)


async def test_closing_the_stream_frees_its_pages(engine):
    stream = engine.generate(Request((1, 2, 3), ENDLESS))
    await anext(stream)
    await stream.aclose()
    assert await all_free(engine)
    with pytest.raises(StopAsyncIteration):
        await anext(stream)
    assert engine.stats().finished == 0


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


async def test_waiting_with_a_limit_leaves_the_request_alone(engine):
    async with engine.generate(Request((1, 2, 3), ENDLESS)) as stream:
        while not await stream.wait(0.001):
            pass
        assert (await anext(stream)).token_ids


async def test_bad_requests_are_refused_before_the_first_chunk(engine):
    with pytest.raises(RequestError, match="the prompt is empty"):
        await engine.generate(Request((), GREEDY)).ready()
    with pytest.raises(RequestError, match="the prompt has 300 tokens, the context holds 256"):
        await anext(engine.generate(Request((1,) * 300, GREEDY)))
    with pytest.raises(RequestError, match="invalid json_schema grammar: Invalid type: frob"):
        await anext(engine.generate(Request((1,), GREEDY, GrammarSpec("json_schema", {"type": "frob"}))))
    stream = engine.generate(Request((1,), ENDLESS, id="twice"))
    await stream.ready()
    with pytest.raises(RequestError, match="request twice is already running"):
        await engine.generate(Request((1,), ENDLESS, id="twice")).ready()


async def test_a_name_is_free_again_only_when_its_request_is_gone(engine, gqa, monkeypatch):
    hidden, gate = gqa.hidden, threading.Event()

    def slow(*args):
        gate.wait()
        return hidden(*args)

    with monkeypatch.context() as patch:
        patch.setattr(gqa, "hidden", slow)
        first = engine.generate(Request((1,), GREEDY, id="name"))
        await first.ready()
        while not engine.stats().running:
            await asyncio.sleep(0.001)
        await first.aclose()  # its step is still being computed, and must not reach the next of that name
        with pytest.raises(RequestError, match="request name is already running"):
            await engine.generate(Request((2,), GREEDY, id="name")).ready()
        gate.set()
        assert await all_free(engine)
    assert len(await tokens_of(engine.generate(Request((2,), GREEDY)))) == 8


async def test_a_full_queue_is_told_at_once(engine):
    async with engine.generate(Request((1, 2), SamplingParams(n=6, ignore_eos=True))) as stream:
        with pytest.raises(OverloadedError, match="the queue is full with 6 completions; try again later"):
            await engine.generate(Request((1, 2), GREEDY)).ready()
        await anext(stream)
    assert len(await tokens_of(engine.generate(Request((1, 2), GREEDY)))) == 8


async def test_a_step_that_breaks_reaches_its_reader_and_the_engine_lives(engine, gqa, monkeypatch):
    def broken(*_):
        raise RuntimeError("no memory")

    with monkeypatch.context() as patch:
        patch.setattr(gqa, "hidden", broken)
        with pytest.raises(GenerationError, match="a step of the model failed: no memory"):
            await tokens_of(engine.generate(Request((1, 2), GREEDY)))
    assert len(await tokens_of(engine.generate(Request((1, 2), GREEDY)))) == 8


async def test_closing_the_engine_ends_what_runs(gqa):
    engine = Engine(gqa)
    with pytest.raises(GenerationError, match="the engine is not running; start it"):
        await engine.generate(Request((1, 2), GREEDY)).ready()
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


async def test_a_loop_that_went_away_does_not_stop_the_engine(engine):
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
