import asyncio

from fathom.server.runs.feed import MOST_EVENTS, LiveFeed, frame


def event(number, kind="delta", **fields):
    return {"type": kind, "sequence": number, **fields}


def drained(subscription):
    return b"".join(subscription._take()).decode()


def test_a_frame_is_an_event_of_one_line():
    assert frame("status", {"text": "é\n"}, 3) == b'id: 3\nevent: status\ndata: {"text":"\xc3\xa9\\n"}\n\n'
    assert frame("hello", {}) == b"event: hello\ndata: {}\n\n"


def test_a_stream_carries_the_runs_of_its_conversation_only():
    feed = LiveFeed()
    mine, other, alone = feed.subscribe("c"), feed.subscribe("d"), feed.subscribe(run="r")
    feed.publish_run("r", "c", "m", event(1, text="a"))
    feed.publish_state("c", True)
    feed.publish("preference", {"name": "language"})
    assert drained(mine).count("event:") == 2
    assert "run.state" in drained(other)
    assert drained(alone) == 'id: 1\nevent: delta\ndata: {"sequence":1,"text":"a"}\n\n'
    feed.unsubscribe(mine)
    assert len(feed) == 2


def test_what_a_stream_has_already_is_left_out():
    feed = LiveFeed()
    stream = feed.subscribe("c")
    for number in (1, 2, 3):
        feed.publish_run("r", "c", "m", event(number))
    stream.numbers["r"] = 2
    assert '"sequence":3' in drained(stream)
    assert drained(stream) == ""


async def test_a_slow_reader_is_cut_off_after_what_it_can_still_read():
    feed = LiveFeed()
    stream = feed.subscribe()
    for _ in range(MOST_EVENTS + 5):
        feed.publish("x", {})
    assert (await stream.get()).count(b"event: x") == MOST_EVENTS
    assert await stream.get() == b""
    assert stream.closed


async def test_the_end_of_a_run_or_of_the_server_ends_a_stream():
    feed = LiveFeed()
    run, waiting = feed.subscribe(run="r"), feed.subscribe()
    reader = asyncio.create_task(waiting.get())
    await asyncio.sleep(0)
    feed.publish_run("r", "c", "m", event(1, "finished"))
    assert b"finished" in await run.get()
    assert await run.get() == b""
    deleted = feed.subscribe(run="d")
    feed.end_run("d")
    assert await deleted.get() == b""
    feed.close()
    assert await reader == b""
    assert feed.subscribe().closed
