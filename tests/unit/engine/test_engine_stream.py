import asyncio

import pytest

from fathom.base.errors import GenerationError
from fathom.engine.request import Chunk, Request, SamplingParams, TokenLogprob
from fathom.engine.stream import OutputQueue, join


def test_joined_chunks_read_as_one():
    scores, logprobs = (TokenLogprob(1, -1.0),), (TokenLogprob(2, -2.0), TokenLogprob(3, -3.0))
    first = Chunk(1, "a", (2,), logprobs[:1], cached_tokens=4, prompt_logprobs=scores)
    last = Chunk(1, "b", (3,), logprobs[1:], "length", cached_tokens=4)
    assert join([first, last]) == Chunk(1, "ab", (2, 3), logprobs, "length", 4, scores)


async def test_a_mailbox_joins_by_completion_and_wakes_once():
    mailbox = OutputQueue(Request((1,), SamplingParams(n=2)))
    assert mailbox.put(Chunk(0, "a", (1,)))
    assert not mailbox.put(Chunk(1, "x", (2,)))
    assert not mailbox.put(Chunk(0, "b", (3,), finish_reason="stop"))
    assert mailbox.take() == Chunk(0, "ab", (1, 3), finish_reason="stop")
    assert mailbox.take() == Chunk(1, "x", (2,))
    assert mailbox.take() is None
    assert not mailbox.ended
    assert mailbox.put(Chunk(1, "y", (4,), finish_reason="length"))
    assert mailbox.ended
    mailbox.wake()
    assert mailbox.arrived.is_set()
    assert mailbox.take().text == "y"
    with pytest.raises(StopAsyncIteration):
        mailbox.take()


def test_every_chunk_asks_for_a_loop_that_went_away():
    async def leave():
        mailbox = OutputQueue(Request((1,)))
        assert mailbox.put(Chunk(0, "a", (1,)))
        return mailbox

    mailbox = asyncio.run(leave())  # the call that the first chunk asked for was never made
    assert mailbox.put(Chunk(0, "b", (2,)))


async def test_what_came_before_an_error_is_still_read():
    mailbox = OutputQueue(Request((1,)))
    mailbox.put(Chunk(0, "a", (1,)))
    mailbox.put(GenerationError("no memory"))
    assert mailbox.ended
    assert mailbox.take().text == "a"
    with pytest.raises(GenerationError, match="no memory"):
        mailbox.take()


async def test_a_late_wake_is_no_false_promise():
    mailbox = OutputQueue(Request((1,)))
    mailbox.put(Chunk(0, "a", (1,)))
    mailbox.take()
    assert mailbox.take() is None
    mailbox.wake()
    assert not mailbox.arrived.is_set()
