"""Chunks between the engine's thread and an event loop: joined for slow consumers, no wake-up lost."""

import asyncio

import pytest

from fathom.base.errors import GenerationError
from fathom.engine.output_queue import ChunkStream, OutputQueue, join_chunks
from fathom.engine.request import Chunk, Request, SamplingParams, TokenLogprob, ValidatedRequest


def output_queue(n=1):
    return OutputQueue(ValidatedRequest(Request((1,), SamplingParams(n=n))))


def test_joined_chunks_read_as_one():
    scores, logprobs = (TokenLogprob(1, -1.0),), (TokenLogprob(2, -2.0), TokenLogprob(3, -3.0))
    first = Chunk(1, "a", (2,), logprobs[:1], cached_tokens=4, prompt_logprobs=scores, spans=((0, 1),))
    last = Chunk(1, "b", (3,), logprobs[1:], "length", cached_tokens=4, spans=((1, 2),))
    assert join_chunks([first, last]) == Chunk(1, "ab", (2, 3), logprobs, "length", 4, scores, ((0, 1), (1, 2)))


async def test_chunks_are_joined_by_completion_and_wake_once():
    output = output_queue(n=2)
    assert output.put(Chunk(0, "a", (1,)))
    assert not output.put(Chunk(1, "x", (2,)))
    assert not output.put(Chunk(0, "b", (3,), finish_reason="stop"))
    assert await output.get() == Chunk(0, "ab", (1, 3), finish_reason="stop")
    assert await output.get() == Chunk(1, "x", (2,))
    waiting = asyncio.ensure_future(output.get())
    await asyncio.sleep(0)
    assert not output.is_finished
    assert output.put(Chunk(1, "y", (4,), finish_reason="length"))
    assert output.is_finished
    output.wake()
    assert (await waiting).text == "y"
    assert await output.get() is None


def test_a_closed_loop_asks_for_a_wake_up_each_time():
    async def leave():
        output = output_queue()
        assert output.put(Chunk(0, "a", (1,)))
        return output

    output = asyncio.run(leave())  # the wake-up that the first chunk asked for was never called
    assert output.put(Chunk(0, "b", (2,)))


async def test_chunks_before_an_error_are_still_read():
    output = output_queue()
    output.put(Chunk(0, "a", (1,)))
    output.put(GenerationError("no memory"))
    assert output.is_finished
    assert (await output.get()).text == "a"
    with pytest.raises(GenerationError, match="no memory"):
        await output.get()


async def test_a_late_wake_up_does_not_end_the_wait():
    output = output_queue()
    output.put(Chunk(0, "a", (1,)))
    await output.get()
    waiting = asyncio.ensure_future(output.get())
    await asyncio.sleep(0)
    output.wake()  # of the first chunk, which was taken already
    for _ in range(3):
        await asyncio.sleep(0)
    assert not waiting.done()
    assert output.put(Chunk(0, "b", (2,)))  # the next chunk asks for a wake-up of its own
    output.wake()
    assert (await waiting).text == "b"


async def test_a_stream_ends_with_the_queue_and_cancels_it_when_closed():
    output, cancelled = output_queue(), []
    output.put(Chunk(0, "a", (1,), finish_reason="stop"))
    stream = ChunkStream(output, cancelled.append)
    assert [chunk.text async for chunk in stream] == ["a"]
    assert cancelled == []
    await stream.aclose()
    assert cancelled == [output]


async def test_cancelling_ends_every_open_completion():
    output = output_queue(n=3)
    output.put(Chunk(1, "", (), finish_reason="stop"))
    await output.get()
    assert not output.cancel()  # the consumer has not asked again, so it needs no wake-up
    assert [(await output.get()).index for _ in range(2)] == [0, 2]
    assert await output.get() is None
