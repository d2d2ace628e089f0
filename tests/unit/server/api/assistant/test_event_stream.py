import asyncio

from fathom.server.api.assistant.event_stream import COMMENT, EventStream


async def send_all(frames, *, receive=None, send=None, **options):
    sent = []

    async def never():
        await asyncio.Event().wait()

    async def collect(message):
        sent.append(message)

    await EventStream(frames, **options)({}, receive or never, send or collect)
    return sent


async def test_frames_are_sent_to_the_end():
    async def frames():
        yield b"a"
        yield b""
        yield b"b"

    start, *bodies = await send_all(frames())
    assert start["status"] == 200
    assert dict(start["headers"])[b"content-type"].startswith(b"text/event-stream")
    assert [(one["body"], one["more_body"]) for one in bodies] == [(b"a", True), (b"b", True), (b"", False)]


async def test_silence_is_filled_and_a_client_that_leaves_ends_the_frames():
    closed, left = asyncio.Event(), asyncio.Event()

    async def frames():
        try:
            await asyncio.Event().wait()
            yield b""
        finally:
            closed.set()

    async def receive():
        await left.wait()
        return {"type": "http.disconnect"}

    sent = []

    async def send(message):
        sent.append(message)
        if len(sent) == 3:
            left.set()

    await send_all(frames(), receive=receive, send=send, keepalive=0.001)
    assert sent[1]["body"] == COMMENT
    assert closed.is_set()
