"""`/api/status`, also while nothing stored can be reached."""

from __future__ import annotations

import asyncio

import httpx
import pytest
from scripted import instantly, scripted_model

from fathom.server.api.assistant.status import features
from fathom.server.app import create_app
from fathom.server.files.extraction import recognition
from fathom.server.models.runtime import Runtime
from fathom.server.settings import Settings


@pytest.mark.parametrize("usable", [True, False])
async def test_the_state_of_what_is_stored(tmp_path, usable):
    folder = tmp_path / "data"
    if not usable:
        folder.touch()
    app = create_app(Settings(data_dir=folder), Runtime(instantly(scripted_model())))
    transport = httpx.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://localhost") as c,
    ):
        while (body := (await c.get("/api/status")).json())["storage"]["state"] == "opening" or not body["model"]:
            await asyncio.sleep(0.005)
    assert body["model"] == "scripted"
    assert body["data_dir"] == str(folder)
    assert body["limits"] == {"body_bytes": 16 * 2**20, "file_bytes": 100 * 2**20, "context": 4096}
    assert body["machine"]["cores"] >= 1
    assert body["machine"]["memory_bytes"] > 2**28
    assert set(body["features"]) == {"files", "search", "ocr", "mcp", "postgres"}
    if usable:
        assert body["storage"] == {"state": "ready", "database": "sqlite", "error": None}
    else:
        assert body["storage"]["state"] == "failed"
        assert "cannot be used" in body["storage"]["error"]["message"]
        assert body["storage"]["error"]["remedy"]


def test_features_are_what_is_installed():
    assert features()["postgres"] is True
    assert features()["ocr"] is recognition.is_installed()
