"""The application: its layers, its key, and a runtime that starts and stops with it."""

from __future__ import annotations

import httpx
import pytest
from scripted import instantly, scripted_model

from fathom.server.app import create_app
from fathom.server.models.runtime import Ready, Runtime
from fathom.server.settings import Settings


async def test_the_runtime_starts_and_stops_with_the_application():
    served = scripted_model()
    runtime = Runtime(instantly(served))
    app = create_app(Settings(), runtime)
    async with app.router.lifespan_context(app):
        assert await runtime.model() is served
        assert runtime.state == Ready(served)
    assert runtime.closed
    assert served.engine.closed


def test_the_key_is_described_only_where_one_is_set():
    def schemes(settings: Settings) -> object:
        return create_app(settings, Runtime(instantly(scripted_model()))).openapi()["components"].get("securitySchemes")

    assert schemes(Settings()) is None
    assert "HTTPBearer" in schemes(Settings(api_key="secret"))


@pytest.mark.parametrize("path", ["/docs", "/redoc", "/v1/nothing"])
async def test_paths_that_are_not_served(path):
    app = create_app(Settings(), Runtime(instantly(scripted_model())))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as client:
        answer = await client.get(path)
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")
