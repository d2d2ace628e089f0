"""The response of a generation, message by message: status, keep-alive, errors, disconnects."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

import pytest

from fathom.base.errors import GenerationError, OverloadedError, RequestError
from fathom.server.api.live_response import JSON, SSE, LiveResponse, Milestone, Part, ResponseFormat
from fathom.server.settings import Settings

NEVER = 3600.0


class Client:
    """An ASGI connection: records what is sent, and can disconnect."""

    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []
        self.gone = asyncio.Event()
        self.reads = asyncio.Event()
        self.reads.set()

    async def receive(self) -> dict[str, Any]:
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Any) -> None:
        await self.reads.wait()
        self.sent.append(dict(message))

    @property
    def status(self) -> int:
        return self.sent[0]["status"]

    @property
    def headers(self) -> dict[bytes, bytes]:
        return dict(self.sent[0]["headers"])

    @property
    def body(self) -> bytes:
        return b"".join(message["body"] for message in self.sent[1:])


class Pieces:
    """A generation: yields ``pieces``, waiting for ``gate`` before the one at ``hold``."""

    def __init__(self, *pieces: Part | Exception, hold: int | None = None) -> None:
        self.pieces, self.hold, self.gate, self.closed = pieces, hold, asyncio.Event(), False

    async def stream(self) -> AsyncGenerator[Part, None]:
        try:
            for i, piece in enumerate(self.pieces):
                if i == self.hold:
                    await self.gate.wait()
                if isinstance(piece, Exception):
                    raise piece
                yield piece
        finally:
            self.closed = True


async def serve(pieces: Pieces, form: ResponseFormat, client: Client, **settings: float) -> None:
    response = LiveResponse(pieces.stream(), form, Settings(**({"keepalive": NEVER} | settings)))
    await response({"type": "http"}, client.receive, client.send)
    assert pieces.closed


async def test_a_json_response_has_a_content_length():
    await serve(Pieces(b'{"a": 1}'), JSON, client := Client())
    assert (client.status, client.body) == (200, b'{"a": 1}')
    assert client.headers[b"content-length"] == b"8"
    assert client.headers[b"content-type"] == b"application/json"
    assert client.sent[-1]["more_body"] is False


async def test_a_stream_is_sent_part_by_part():
    await serve(Pieces(b"data: 1\n\n", b"data: 2\n\n"), SSE, client := Client())
    assert [message["body"] for message in client.sent[1:]] == [b"data: 1\n\n", b"data: 2\n\n", b""]
    assert client.headers[b"content-type"] == b"text/event-stream; charset=utf-8"
    assert b"content-length" not in client.headers


@pytest.mark.parametrize("form", [JSON, SSE], ids=["json", "sse"])
async def test_an_error_before_the_first_part_is_a_status(form):
    await serve(Pieces(OverloadedError("the queue is full")), form, client := Client())
    assert client.status == 503
    assert b"the queue is full" in client.body
    assert client.headers[b"retry-after"] == b"1"


@pytest.mark.parametrize("form", [JSON, SSE], ids=["json", "sse"])
async def test_nothing_is_sent_before_the_request_is_accepted(form):
    pieces, client = Pieces(RequestError("the prompt is empty"), hold=0), Client()
    task = asyncio.create_task(serve(pieces, form, client, keepalive=0.001))
    await asyncio.sleep(0.02)
    assert client.sent == []
    pieces.gate.set()
    await task
    assert client.status == 400


async def fail_late(form: ResponseFormat) -> Client:
    """A response that fails after it was kept alive three times."""
    pieces, client = Pieces(Milestone.ACCEPTED, GenerationError("no memory"), hold=1), Client()
    task = asyncio.create_task(serve(pieces, form, client, keepalive=0.001))
    while len(client.sent) < 4:
        await asyncio.sleep(0.001)
    pieces.gate.set()
    await task
    assert client.status == 200
    assert client.body.startswith(form.filler * 3)
    return client


async def test_an_error_after_keep_alive_is_an_event_of_a_stream():
    client = await fail_late(SSE)
    assert b'data: {"error": {"message": "no memory"' in client.body
    assert client.sent[-1]["more_body"] is False


async def test_an_error_after_keep_alive_cuts_a_json_response(caplog):
    client = await fail_late(JSON)
    assert client.body.strip() == b""
    assert client.sent[-1]["more_body"] is True
    assert "a response was cut off: no memory" in caplog.text


async def test_a_json_response_may_take_longer_than_the_wait_for_its_first_token():
    pieces, client = Pieces(Milestone.ACCEPTED, Milestone.STARTED, b"{}", hold=2), Client()
    task = asyncio.create_task(serve(pieces, JSON, client, start_timeout=0.01))
    await asyncio.sleep(0.03)
    pieces.gate.set()
    await task
    assert (client.status, client.body, client.headers[b"content-length"]) == (200, b"{}", b"2")


async def test_a_disconnected_client_ends_the_generation():
    pieces, client = Pieces(b"1", b"2", hold=1), Client()
    task = asyncio.create_task(serve(pieces, SSE, client))
    while len(client.sent) < 2:
        await asyncio.sleep(0)
    client.gone.set()
    await task
    assert client.body == b"1"


async def test_a_stalled_client_ends_the_generation():
    pieces, client = Pieces(*[b"x"] * 1000), Client()
    client.reads.clear()
    await serve(pieces, SSE, client, stall_timeout=0.01)
    assert client.sent == []


async def test_a_generation_that_never_starts_times_out():
    await serve(Pieces(b"1", hold=0), SSE, client := Client(), start_timeout=0.01)
    assert client.status == 503
    assert b"waited too long" in client.body


async def test_an_unknown_error_exposes_no_details(caplog):
    await serve(Pieces(RuntimeError("a secret")), JSON, client := Client())
    assert client.status == 500
    assert b"secret" not in client.body
    assert "a secret" in caplog.text
