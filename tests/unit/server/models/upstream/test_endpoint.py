"""Failures of an upstream in plain words, bounded and without the key; what it streams, chunk by chunk."""

from __future__ import annotations

import httpx
import pytest

from fathom.base.errors import FathomError, OverloadedError
from fathom.server.errors import UnavailableError
from fathom.server.models.upstream import endpoint as module
from fathom.server.models.upstream.endpoint import (
    FieldRefusedError,
    KeyRefusedError,
    UpstreamEndpoint,
    UpstreamError,
)

KEY = "sk-very-secret-key"
SSE = {"content-type": "text/event-stream; charset=utf-8"}


def endpoint(answer) -> UpstreamEndpoint:
    """An upstream that gives this answer, or raises it."""

    def handle(request: httpx.Request) -> httpx.Response:
        if isinstance(answer, Exception):
            raise answer
        return answer(request) if callable(answer) else answer

    return UpstreamEndpoint("Up", "https://up.example/v1/", KEY, httpx.MockTransport(handle))


async def chunks(answer) -> list[dict]:
    return [chunk async for chunk in endpoint(answer).chunks({"model": "m"})]


def stream(*lines: bytes) -> httpx.Response:
    return httpx.Response(200, headers=SSE, content=b"".join(lines))


async def test_events_comments_and_the_end():
    lines = (b": keep-alive\n\n", b"event: message\r\n", b'data: {"a": 1}\r\n\r\n', b'data:{"b": 2}\n\n')
    assert await chunks(stream(*lines, b"data: [DONE]\n\n", b'data: {"late": 1}\n\n')) == [{"a": 1}, {"b": 2}]


async def test_the_key_is_sent_and_the_path_appended():
    seen = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append((str(request.url), request.headers["authorization"], request.content))
        return stream(b"data: [DONE]\n\n")

    assert await chunks(answer) == []
    assert seen == [("https://up.example/v1/chat/completions", f"Bearer {KEY}", b'{"model":"m"}')]


async def test_a_server_that_does_not_stream():
    assert await chunks(httpx.Response(200, json={"choices": []})) == [{"choices": []}]


@pytest.mark.parametrize(
    ("answer", "kind", "message"),
    [
        (httpx.Response(401, json={"error": {"message": f"bad key {KEY}"}}), KeyRefusedError,
         "Up does not accept the key (bad key …); enter a valid key in its settings"),
        (httpx.Response(403), KeyRefusedError, "Up does not accept the key; enter"),
        (httpx.Response(402, json={"error": {"message": "Insufficient Balance"}}), UnavailableError,
         "the account at Up is empty (Insufficient Balance); top it up"),
        (httpx.Response(404, json={"detail": "Not Found"}), UnavailableError,
         "Up has no such model or path (Not Found); check its address, which often ends in /v1"),
        (httpx.Response(429, headers={"retry-after": "20"}, json={"error": {"message": "slow down"}}), OverloadedError,
         "Up limits how much may be asked (slow down); try again in 20 s"),
        (httpx.Response(429, headers={"retry-after": "soon"}), OverloadedError, "asked; try again later"),
        (httpx.Response(400, json={"error": {"message": "unknown field"}}), FieldRefusedError,
         "Up refuses the request with 400 (unknown field); shorten it"),
        (httpx.Response(301, headers={"location": "https://other.example"}), UnavailableError,
         "Up redirects to https://other.example; enter that address"),
        (httpx.Response(502, text="<html>Bad gateway</html>"), UpstreamError, "Up failed with 502; try again later"),
        (httpx.Response(200, text="<html>Welcome</html>"), UnavailableError,
         "https://up.example/v1 does not speak OpenAI's API: its answer is no JSON; check the address, which often"),
        (httpx.ConnectError("connection refused"), UnavailableError,
         "Up cannot be reached at https://up.example/v1 (connection refused); check that it runs"),
        (httpx.ReadTimeout("slow"), UpstreamError, "Up was silent for too long; try again"),
        (httpx.RemoteProtocolError(f"peer {KEY}"), UpstreamError, "the connection to Up failed (peer …); try again"),
        (stream(b'data: {"a": 1}\n\n'), UpstreamError, "the connection to Up ended before its answer did; continue"),
        (stream(b"data: {broken\n\n"), UpstreamError, "Up sent an event that is no JSON; try again, or"),
        (stream(b"data: [1]\n\n"), UpstreamError, "Up sent an event that is no JSON; try again, or"),
        (stream(b'data: {"error": {"message": "out of memory"}}\n\n'), UpstreamError, "Up failed: out of memory; try"),
        (stream(b'data: {"error": true}\n\n'), UpstreamError, "Up failed: without a reason; try"),
        (httpx.Response(500, content=b"[" * 100_000), UpstreamError, "Up failed with 500; try"),
        (httpx.Response(400, json={"error": [{"message": {"x": 1}}]}), FieldRefusedError, "with 400;"),
    ],
)  # fmt: skip
async def test_failures(answer, kind: type[FathomError], message: str):
    with pytest.raises(kind) as error:
        await chunks(answer)
    assert message in str(error.value)
    assert KEY not in str(error.value)


async def test_what_never_ends_is_cut_off(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "LONGEST_LINE", 1000)
    monkeypatch.setattr(module, "LONGEST_REPLY", 5000)
    endless_line = httpx.Response(200, headers=SSE, content=b"data: " + b"x" * 2000)
    endless_stream = stream(*[b'data: {"a": 1}\n\n'] * 1000)
    for answer in (endless_line, endless_stream, httpx.Response(200, content=b"x" * 6000)):
        with pytest.raises(UpstreamError, match="Up sends more than an answer can be"):
            await chunks(answer)


async def test_an_address_that_is_none():
    with pytest.raises(UnavailableError, match="is no address"):
        await UpstreamEndpoint("Up", "http://[::bad", None).models()


async def test_the_list_of_models():
    entries = [{"id": "a"}, {"id": 5}, "b", {"name": "c"}]
    assert await endpoint(httpx.Response(200, json={"data": entries})).models() == [{"id": "a"}]
    assert await endpoint(httpx.Response(200, json=[{"id": "a"}])).models() == [{"id": "a"}]
    beside = [{"model": "a", "capabilities": ["multimodal"]}, {"model": "b"}, "c"]  # llama-server's
    both = await endpoint(httpx.Response(200, json={"data": entries, "models": beside})).models()
    assert both == [{"id": "a", "capabilities": ["multimodal"]}]
    with pytest.raises(UnavailableError, match="its list of models is none"):
        await endpoint(httpx.Response(200, json={"models": []})).models()
