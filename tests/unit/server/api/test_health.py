"""Health routes: body and status while loading, ready, failed."""

from __future__ import annotations

import httpx
import pytest
from scripted import instantly, scripted_model

from fathom.base.errors import CheckpointError
from fathom.server.api import health
from fathom.server.api.health import Health
from fathom.server.app import create_app
from fathom.server.models.runtime import Absent, Failed, Loading, Runtime
from fathom.server.settings import Settings


@pytest.fixture
async def runtime():
    runtime = Runtime(instantly(scripted_model()))
    runtime.start()
    await runtime.model()
    return runtime


@pytest.fixture
async def client(runtime):
    app = create_app(Settings(), runtime)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as client:
        yield client


async def test_ready(client):
    body = (await client.get("/health")).json()
    assert set(body) == set(Health.__annotations__)
    assert (body["status"], body["model"], body["error"]) == ("ready", "scripted", None)
    assert body["engine"]["pages_total"] == 100
    assert (await client.get("/health/ready")).status_code == 200


async def test_loading(client, runtime):
    runtime.state = Loading("reading weights", 0.25)
    body = (await client.get("/health")).json()
    assert (body["status"], body["stage"], body["progress"]) == ("loading", "reading weights", 0.25)
    assert (await client.get("/health/ready")).status_code == 503


async def test_failed(client, runtime):
    runtime.state = Failed(CheckpointError("the file ends early", "download it again"))
    answer = await client.get("/health/ready")
    assert answer.status_code == 503
    assert answer.json()["error"] == {"message": "the file ends early", "remedy": "download it again"}


async def test_a_server_without_a_model_of_its_own_is_ready_for_others(client, runtime):
    runtime.state = Absent()
    body = (await client.get("/health/ready")).json()
    assert (body["status"], body["model"], body["error"]) == ("ready", None, None)


def test_the_paths():
    assert {route.path for route in health.router(Runtime(instantly(scripted_model()))).routes} == {
        "/health",
        "/health/ready",
    }
