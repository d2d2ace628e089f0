"""/api/models over a hub on this machine: list, fetch, resume, cancel, load, measure, delete."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
from fake_hub import FakeHub, serve
from made_models import make_directory
from scripted import Script, instantly, scripted_model

from fathom.checkpoint.hub.pull import pull
from fathom.checkpoint.resolve import pulled_dir
from fathom.server.api.assistant.models import ModelRow, row_of
from fathom.server.app import create_app
from fathom.server.models.catalog import CatalogEntry
from fathom.server.models.downloads import Downloads
from fathom.server.models.local import LocalRoots, find_local
from fathom.server.models.runtime import Runtime
from fathom.server.settings import Settings


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("FATHOM_HOME", str(tmp_path))
    made = make_directory(tmp_path / "made")
    files = {file.name: file.read_bytes() for file in made.iterdir()}
    with serve(FakeHub({"org/model": files | {"README.md": b"---\nlicense: mit\n---\n" + bytes(9000)}})) as running:
        yield running


@asynccontextmanager
async def running(tmp_path: Path, hub: FakeHub) -> AsyncIterator[httpx.AsyncClient]:
    app = create_app(Settings(data_dir=tmp_path / "data"), Runtime(instantly(scripted_model(Script("x" * 60)))))
    registry = app.state.registry
    roots = LocalRoots(pulled_dir("a/b").parent, tmp_path / "own", tmp_path / "hub", tmp_path / "runs")
    registry._find = partial(find_local, roots)
    registry._load_function = lambda model: instantly(scripted_model(Script("x" * 60)))
    fetch = partial(pull, endpoint=hub.url, pause=lambda _: None)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost/api") as client,
    ):
        await registry.served.model()
        (await app.state.assistant.get()).catalog.downloads = Downloads(fetch)
        yield client


@pytest.fixture
async def client(tmp_path: Path, hub: FakeHub):
    async with running(tmp_path, hub) as client:
        yield client


async def until(client: httpx.AsyncClient, model: str, state: str) -> dict[str, Any]:
    while True:
        row: dict[str, Any] = (await client.get(f"/models/{model}")).json()
        if row.get("state") == state:
            return row
        assert row.get("state") in ("downloading", "loading"), row
        await asyncio.sleep(0.002)


async def test_the_list(client: httpx.AsyncClient):
    body = (await client.get("/models")).json()
    assert body["next"] is None
    first = body["data"][0]
    assert set(first) == set(ModelRow.__annotations__)
    assert (first["id"], first["state"], first["served"]) == ("scripted", "ready", True)
    assert {row["kind"] for row in body["data"]} == {"local", "recommended"}


async def test_a_repository_is_fetched_loaded_measured_and_deleted(client: httpx.AsyncClient):
    started = await client.post("/models/org/model/download")
    assert (started.status_code, started.json()["state"]) == (202, "downloading")
    row = await until(client, "org/model", "available")
    assert (row["kind"], row["licence"], row["parameters"], row["removable"]) == ("local", "mit", 200, True)
    assert (await client.post("/models/org/model/download")).status_code == 409
    assert (await client.post("/models/org/model/load")).status_code == 202
    await until(client, "org/model", "ready")
    assert (await client.delete("/models/org/model/load")).status_code == 204
    assert (await client.post("/models/org/model/measure")).json()["tokens_per_second"] > 0
    assert (await client.delete("/models/org/model")).status_code == 204
    assert (await client.get("/models/org/model")).status_code == 404
    assert not pulled_dir("org/model").exists()


async def test_a_break_then_a_restart_then_the_rest(tmp_path: Path, hub: FakeHub):
    hub.cut_after, hub.ignore_ranges = 4000, True
    async with running(tmp_path, hub) as client:
        await client.post("/models/org/model/download")
        failed = await until(client, "org/model", "failed")
        assert "cannot be reached" in failed["error"]["message"]
        assert failed["removable"]
    hub.cut_after, hub.ignore_ranges = None, False
    hub.ranges.clear()
    async with running(tmp_path, hub) as client:
        assert (await client.get("/models/org/model")).status_code == 404  # nothing that could be opened
        await client.post("/models/org/model/download")
        await until(client, "org/model", "available")
    assert hub.ranges == [("README.md", "bytes=4000-")]


async def test_offline(client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.utils._http._GLOBAL_CLIENT", None)
    await client.post("/models/qwen3-0.6b/download")
    failed = await until(client, "qwen3-0.6b", "failed")
    assert failed["error"]["message"] == "Qwen/Qwen3-0.6B cannot be fetched: HF_HUB_OFFLINE is set"
    assert (await client.delete("/models/qwen3-0.6b/download")).status_code == 204
    assert (await client.delete("/models/qwen3-0.6b/download")).status_code == 404


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/models/nonesuch", 404),
        ("POST", "/models/nonesuch/download", 404),
        ("POST", "/models/../../etc/passwd/download", 404),
        ("POST", "/models/nonesuch/load", 404),
        ("POST", "/models/nonesuch/measure", 404),
        ("DELETE", "/models/nonesuch", 404),
        ("POST", "/models/scripted/download", 409),
        ("POST", "/models/qwen3-0.6b/load", 409),
        ("POST", "/models/qwen3-0.6b/measure", 409),
        ("DELETE", "/models/scripted", 409),
        ("DELETE", "/models/qwen3-0.6b", 409),
        ("DELETE", "/models/smollm2-135m-instruct", 409),
        ("DELETE", "/models/scripted/load", 503),
    ],
)
async def test_what_cannot_be_done(client: httpx.AsyncClient, method: str, path: str, status: int):
    answer = await client.request(method, path)
    assert answer.status_code == status, answer.text
    assert answer.json()["error"]["message"]


async def test_the_served_model_is_measured(client: httpx.AsyncClient):
    assert (await client.post("/models/scripted/measure")).json()["tokens_per_second"] > 0
    assert (await client.get("/models")).json()["data"][0]["tokens_per_second"] > 0


def test_a_repository_is_shown_by_its_model():
    assert row_of(CatalogEntry("org/model", "recommended", "downloading"))["name"] == "model"
    assert row_of(CatalogEntry("runs/a/final", "local", "available"))["name"] == "runs/a/final"
