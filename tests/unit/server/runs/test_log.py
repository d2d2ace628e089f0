import asyncio

from run_harness import MemoryStore, request, until

from fathom.base.errors import StorageError
from fathom.server.runs.log import EventLog, coalesce_events
from fathom.server.runs.records import RunWrite


def delta(text, part=0):
    return {"type": "delta", "part": part, "kind": "answer", "text": text}


def tokens(*ids, branch=0):
    return {"type": "tokens", "segment": 0, "branch": branch, "ids": list(ids), "at": 1}


def test_pieces_of_a_text_become_one_event_and_so_do_its_tokens():
    part = {"type": "part", "part": 1, "value": {}}
    events = [delta("a"), tokens(1), delta("b"), tokens(2), tokens(3, branch=1), part, delta("c"), tokens(4)]
    assert coalesce_events(events) == [delta("ab"), tokens(1, 2), tokens(3, branch=1), part, delta("c"), tokens(4)]
    assert events[0] == delta("a"), "what was appended is left as it is"


async def test_events_are_delivered_once_they_are_stored_with_numbers_without_a_gap():
    store, delivered = MemoryStore(), []
    store.add(request())
    log = EventLog(store, delivered.append, pause=0)
    log.begin("run", 4)
    log.start()
    log.append(RunWrite("run", [delta("a")]))
    log.append(RunWrite("run", [tokens(1)]))
    assert not delivered
    await log.drain()
    log.append(RunWrite("run", [delta("b")]))
    await log.close()
    assert [event["sequence"] for write in delivered for event in write.events] == [5, 6, 7]
    assert store.logs["run"] == [event for write in delivered for event in write.events]


async def test_while_nothing_can_be_stored_events_are_delivered_and_kept():
    store, delivered, problems = MemoryStore(), [], []
    store.add(request())
    log = EventLog(store, delivered.append, on_problem=problems.append, pause=0, retry=0.001)
    log.start()
    full = store.failing = StorageError("the disk is full")
    log.append(RunWrite("run", [delta("a")]))
    await until(lambda: len(delivered) == 1)
    log.append(RunWrite("run", [delta("b")]))
    while len(delivered) < 2:
        await asyncio.sleep(0.001)
    assert (problems, log.problem, store.logs["run"]) == ([full], full, [])
    store.failing = None
    await log.close()
    assert [event["text"] for event in store.logs["run"]] == ["a", "b"]
    assert [event["text"] for write in delivered for event in write.events] == ["a", "b"], "each is delivered once"
    assert problems == [full, None]


async def test_a_run_whose_conversation_is_gone_is_reported():
    class Empty(MemoryStore):
        async def write(self, writes):
            return frozenset(write.run for write in writes)

    lost, delivered = [], []
    log = EventLog(Empty(), delivered.append, on_lost=lost.append, pause=0)
    log.start()
    log.append(RunWrite("run", [delta("a")]))
    await log.close()
    assert (lost, delivered) == ([frozenset({"run"})], [])


async def test_closing_gives_up_after_a_while():
    store = MemoryStore()
    store.add(request())
    store.failing = StorageError("the disk is full")
    log = EventLog(store, lambda write: None, pause=0, retry=0.001)
    log.start()
    log.append(RunWrite("run", [delta("a")]))
    await log.close(seconds=0.01)
    assert store.logs["run"] == []


async def test_who_waits_for_what_was_said_waits_for_nothing_that_comes_after():
    store = MemoryStore()
    store.add(request())
    log = EventLog(store, lambda _: None, pause=0)
    log.start()

    async def talk():
        while True:
            log.append(RunWrite("run", [delta("x")]))
            await asyncio.sleep(0)

    talking = asyncio.create_task(talk())
    log.append(RunWrite("run", [tokens(1)]))
    async with asyncio.timeout(5):
        await log.drain()
    assert any(event["type"] == "tokens" for event in store.logs["run"])
    talking.cancel()
    await log.close()
