"""Memories: kept once, bounded, and gone when deleted."""

from __future__ import annotations

import pytest

from fathom.server.conversations import memories as module
from fathom.server.conversations.memories import Memories
from fathom.server.errors import ConflictError, NotFoundError


async def test_memories(database):
    memories = Memories(database)
    first = await memories.add(" The user is vegetarian. ")
    assert first.text == "The user is vegetarian."
    assert await memories.add("The user is vegetarian.") == first
    second = await memories.add("b")
    assert {memory.id for memory in await memories.list()} == {first.id, second.id}
    assert (await memories.change(second.id, "c\0")).text == "c\N{REPLACEMENT CHARACTER}"
    await memories.delete(first.id)
    assert [memory.id for memory in await memories.list()] == [second.id]
    await memories.clear()
    assert await memories.list() == []


async def test_limits_and_what_does_not_exist(database, monkeypatch):
    monkeypatch.setattr(module, "MOST", 1)
    memories = Memories(database)
    await memories.add("a")
    with pytest.raises(ConflictError, match="1 memories already"):
        await memories.add("b")
    for attempt in (memories.change("x", "y"), memories.delete("x")):
        with pytest.raises(NotFoundError):
            await attempt
