"""A step that ends before its caller's cancellation takes effect."""

from __future__ import annotations

import asyncio

import pytest

from fathom.base.uninterrupted import run_uninterrupted


async def test_the_result_and_the_error_are_the_steps():
    async def give() -> int:
        return 3

    async def fail() -> None:
        raise ZeroDivisionError

    assert await run_uninterrupted(give()) == 3
    with pytest.raises(ZeroDivisionError):
        await run_uninterrupted(fail())


@pytest.mark.parametrize("fails", [False, True])
async def test_however_often_it_is_cancelled_the_step_ends_first(fails):
    begun, goes_on = asyncio.Event(), asyncio.Event()
    ended = []

    async def step() -> None:
        begun.set()
        await goes_on.wait()
        ended.append(True)
        if fails:
            raise ZeroDivisionError

    task = asyncio.create_task(run_uninterrupted(step()))
    await begun.wait()
    for _ in range(3):
        task.cancel()
        await asyncio.sleep(0)
        assert not task.done()
    goes_on.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended == [True]
