"""Pages that are kept (fathom.server.conversations.export.page_cache)."""

from __future__ import annotations

import asyncio

import pytest

from fathom.server.conversations.export.page_cache import PageCache, page_key


def test_a_key_tells_pages_apart():
    keys = {page_key({"title": t}, h, lang) for t in "ab" for h in "ab" for lang in (None, "zh")}
    assert len(keys) == 8
    assert page_key({"a": 1, "b": 2}, "h", None) == page_key({"b": 2, "a": 1}, "h", None)


async def test_a_page_is_made_once_and_the_oldest_goes():
    made: list[str] = []

    def render(record, head, language) -> bytes:
        made.append(head)
        if head == "bad":
            raise ValueError(head)
        return head.encode() * 40

    cache = PageCache(render, most=100)
    pages = await asyncio.gather(*(cache.get("1", {}, "a", None) for _ in range(5)))
    assert (pages, made) == ([b"a" * 40] * 5, ["a"])
    for key, head in (("2", "b"), ("1", "a"), ("3", "c"), ("1", "a"), ("2", "b")):
        assert await cache.get(key, {}, head, None) == head.encode() * 40
    assert made == ["a", "b", "c", "b"]
    for _ in range(2):
        with pytest.raises(ValueError, match="bad"):
            await cache.get("4", {}, "bad", None)
    assert made[-2:] == ["bad", "bad"]
