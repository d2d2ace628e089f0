"""Streams as one: all items, the first error, and nothing left open."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

import pytest

from fathom.server.merge import merge


class Source:
    """Yields ``items``, then raises ``error`` or waits for ever, and tells whether it was closed."""

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
    items = [item async for item in merge([Source(*source).stream() for source in sources])]
    assert sorted(items) == sorted(item for source in sources for item in source)
    for source in sources:
        assert [item for item in items if item in source] == list(source)


@pytest.mark.parametrize("others", [0, 1, 3])
async def test_the_first_error_ends_all(others):
    sources = [Source(1, error=ValueError("boom")), *(Source(2, endless=True) for _ in range(others))]
    with pytest.raises(ValueError, match="boom"):
        async for _ in merge([source.stream() for source in sources]):
            pass
    assert all(source.closed for source in sources)


@pytest.mark.parametrize("count", [1, 3])
async def test_closing_it_closes_all(count):
    sources = [Source(i, endless=True) for i in range(count)]
    async with aclosing(merge([source.stream() for source in sources])) as merged:
        for _ in range(count):
            await anext(merged)
    assert all(source.closed for source in sources)


async def test_cancelling_who_waits_closes_all():
    sources = [Source(endless=True), Source(endless=True)]
    merged = merge([source.stream() for source in sources])
    task = asyncio.ensure_future(anext(merged))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await merged.aclose()
    assert all(source.closed for source in sources)
