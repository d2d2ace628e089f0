import asyncio

import pytest

from fathom.server.runs.interrupt import AnswerNow, InterruptedRun, Interrupts


async def waiting(interrupts, **options):
    task = asyncio.create_task(interrupts.wait(asyncio.sleep(60), **options))
    await asyncio.sleep(0)
    return task


async def test_what_is_not_interrupted_returns():
    assert await Interrupts({}).wait(asyncio.sleep(0, "done")) == "done"


async def test_stop_ends_what_is_waited_for_and_all_that_follows():
    interrupts = Interrupts({})
    task = await waiting(interrupts)
    interrupts.stop()
    with pytest.raises(InterruptedRun):
        await task
    with pytest.raises(InterruptedRun):
        await Interrupts(interrupts.control).wait(asyncio.sleep(60))


async def test_answer_now_ends_a_thinking_only():
    interrupts = Interrupts({})
    task = await waiting(interrupts)
    interrupts.answer_now()
    await asyncio.sleep(0)
    assert not task.done()
    task.cancel()
    interrupts = Interrupts({})
    task = await waiting(interrupts, thinking=True)
    interrupts.answer_now()
    with pytest.raises(AnswerNow):
        await task


async def test_a_server_that_stops_is_no_client():
    task = await waiting(Interrupts({}))
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_consent_is_waited_for_and_kept():
    interrupts = Interrupts({})
    task = asyncio.create_task(interrupts.consent_of("call"))
    await asyncio.sleep(0)
    interrupts.consent("another", True)
    interrupts.consent("call", False)
    assert await task is False
    assert await Interrupts(interrupts.control).consent_of("another") is True


async def test_answer_now_waits_for_the_thinking_that_comes_next_and_for_no_other():
    interrupts = Interrupts({})
    interrupts.answer_now()
    assert await interrupts.wait(asyncio.sleep(0, "the model")) == "the model"
    with pytest.raises(AnswerNow):
        await interrupts.wait(asyncio.sleep(60), thinking=True)
    assert await interrupts.wait(asyncio.sleep(0, "an answer"), thinking=True) == "an answer"
    assert "answer_now" not in interrupts.control
