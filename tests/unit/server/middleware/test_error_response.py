"""Unexpected exceptions: a 500 with the headers of every other answer, and no internals."""

from __future__ import annotations

import httpx
import pytest
from scripted import instantly, scripted_model

from fathom.server.app import create_app
from fathom.server.middleware.error_response import ErrorResponse
from fathom.server.models.runtime import Runtime
from fathom.server.settings import Settings

ORIGIN = "http://localhost:5173"


async def test_an_exception_is_a_500_that_a_page_can_read(caplog):
    app = create_app(Settings(), Runtime(instantly(scripted_model())))

    async def broken() -> None:
        raise RuntimeError("a secret")

    app.add_api_route("/broken", broken)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as client:
        answer = await client.get("/broken", headers={"origin": ORIGIN})
    assert answer.status_code == 500
    assert answer.json()["error"]["code"] == "internal_error"
    assert answer.headers["access-control-allow-origin"] == ORIGIN
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "a secret" not in answer.text
    assert "a secret" in caplog.text


async def test_an_exception_inside_a_response_goes_on():
    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise RuntimeError("late")

    async def send(message):
        pass

    with pytest.raises(RuntimeError, match="late"):
        await ErrorResponse(app)({"type": "http", "method": "GET", "path": "/"}, None, send)
