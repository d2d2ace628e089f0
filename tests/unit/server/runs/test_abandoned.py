import asyncio

import pytest

from fathom.server.runs.abandoned import AbandonedError, run_to_end


async def cancelled_inside():
    task = asyncio.create_task(asyncio.sleep(60))
    task.cancel()
    await task


async def test_work_that_cancels_itself_has_failed():
    assert await run_to_end(asyncio.sleep(0, "done")) == "done"
    with pytest.raises(AbandonedError):
        await run_to_end(cancelled_inside())


async def test_a_task_that_is_cancelled_ends():
    task = asyncio.create_task(run_to_end(asyncio.sleep(60)))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_time_limit_is_still_one():
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.001):
            await run_to_end(asyncio.sleep(60))
