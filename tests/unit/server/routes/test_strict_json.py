"""Bodies are JSON, nothing else; what the parser takes and refuses."""

from __future__ import annotations

import httpx
import pytest
from scripted import instantly, scripted_backend

from fathom.server.app import create_app
from fathom.server.routes import health
from fathom.server.routes.json_route import RESPONSES
from fathom.server.routes.openai import routes
from fathom.server.runtime import Runtime
from fathom.server.schemas.health import Health
from fathom.server.schemas.openai.models import ModelBody, ModelList
from fathom.server.settings import Settings


@pytest.fixture
async def client():
    runtime = Runtime(instantly(scripted_backend()))
    runtime.start()
    await runtime.backend()
    app = create_app(Settings(), runtime)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as client:
        yield client


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b'{"prompt": "x", "a": 1, "a": 2}', 200),
        (b'{"prompt": "\\u00fc\\ud83d\\ude00"}', 200),
        (b'{"prompt": "\\u0000"}', 200),
        (b'\xef\xbb\xbf{"prompt": "x"}', 400),
        (b'{"prompt": "x",}', 400),
        (b'{"prompt": "\\udc00"}', 400),
        (b'{"prompt": "x", "seed": 1e400}', 422),
        (b'{"prompt": "x", "seed": ' + b"9" * 5000 + b"}", 400),
    ],
    ids=range(8),
)
async def test_parsing(client, content, status):
    answer = await client.post("/v1/completions", content=content, headers={"content-type": "application/json"})
    assert answer.status_code == status, answer.text


@pytest.mark.parametrize("media_type", ["application/json", "application/json; charset=utf-8", "Application/JSON"])
async def test_media_types(client, media_type):
    answer = await client.post("/completions", content=b'{"prompt": "x"}', headers={"content-type": media_type})
    assert answer.status_code == 200


def test_each_router_describes_its_errors():
    runtime = Runtime(instantly(scripted_backend()))
    assert routes.router(runtime, Settings()).responses == RESPONSES
    assert {route.path for route in health.router(runtime).routes} == {"/health", "/health/ready"}


async def test_shapes(client):
    assert set((await client.get("/health")).json()) == set(Health.__annotations__)
    models = (await client.get("/v1/models")).json()
    assert set(models) == set(ModelList.__annotations__)
    assert set(models["data"][0]) == set(ModelBody.__annotations__)
