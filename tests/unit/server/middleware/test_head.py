"""HEAD answers as GET does, without the body."""

from __future__ import annotations

import httpx
import pytest
from scripted import instantly, scripted_model

from fathom.server.app import create_app
from fathom.server.middleware.head import HeadAsGet
from fathom.server.models.runtime import Runtime
from fathom.server.settings import Settings


@pytest.mark.parametrize(
    ("path", "status"),
    [("/", 200), ("/health", 200), ("/health/ready", 200), ("/openapi.json", 200), ("/v1/models", 200), ("/no", 404)],
)
async def test_head(path, status):
    runtime = Runtime(instantly(scripted_model()))
    runtime.start()
    await runtime.model()
    app = create_app(Settings(), runtime)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as client:
        head, get = await client.head(path), await client.get(path)
        assert (head.status_code, head.content) == (status, b"")
        assert head.headers == get.headers
        assert (await client.head("/v1/completions")).status_code == 405


async def test_other_methods_pass_unchanged():
    async def app(scope, receive, send):
        await send({"type": "http.response.body", "body": scope["method"].encode()})

    async def send(message):
        sent.append(message["body"])

    sent = []
    await HeadAsGet(app)({"type": "http", "method": "POST"}, None, send)
    assert sent == [b"POST"]
