"""What there is to choose from: local, to fetch, upstream; each with its state."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from made_models import local_model
from scripted import instantly, scripted_model

from fathom.base.errors import CheckpointError, StorageError
from fathom.base.memory import Memory
from fathom.checkpoint.hub.registry import EMBEDDED, RECOMMENDED
from fathom.checkpoint.resolve import INCOMPLETE, pulled_dir
from fathom.server.models.catalog import Catalog, CatalogEntry
from fathom.server.models.downloads import Download, Downloads
from fathom.server.models.registry import ModelRegistry
from fathom.server.models.runtime import Runtime
from fathom.server.models.speed import SpeedFile
from fathom.server.models.upstream.records import Upstream, UpstreamModel


class Parts:
    """A catalog over parts that a test sets up."""

    def __init__(self, tmp_path: Path, load=None) -> None:
        self.local = {"mine": replace(local_model("mine", context=512, chats=True, thinking=True), origin="own")}
        self.registry = ModelRegistry(
            Runtime(load or instantly(scripted_model())),
            lambda: self.local,
            lambda _: instantly(scripted_model()),
            served_name="waiting",
        )
        self.upstreams: list[Upstream] | StorageError = []
        self.downloads = Downloads()
        self.speeds = SpeedFile(tmp_path / "speeds.json")
        service = SimpleNamespace(repository=SimpleNamespace(all=self.all_upstreams))
        self.catalog = Catalog(self.registry, self.downloads, service, self.speeds, lambda: Memory(16 * 10**9, 0))

    async def all_upstreams(self) -> list[Upstream]:
        if isinstance(self.upstreams, StorageError):
            raise self.upstreams
        return self.upstreams

    async def entry(self, name: str) -> CatalogEntry:
        entry = await self.catalog.find(name)
        assert entry is not None
        return entry


@pytest.fixture
def parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Parts:
    monkeypatch.setenv("FATHOM_HOME", str(tmp_path))
    return Parts(tmp_path)


async def test_the_order_and_the_kinds(parts: Parts):
    parts.registry.start()
    await parts.registry.served.model()
    parts.upstreams = [Upstream("1", "Up", "http://up", None, (UpstreamModel("m", 99, thinking=True),), 0)]
    entries = await parts.catalog.entries()
    assert [(entry.id, entry.kind) for entry in entries][:3] == [
        ("scripted", "local"),
        ("mine", "local"),
        ("qwen3-0.6b-q8", "recommended"),
    ]
    assert {entry.id for entry in entries[2:-1]} == RECOMMENDED.keys() - {EMBEDDED}
    assert entries[-1] == CatalogEntry("m@Up", "upstream", "ready", thinking=True, context=99)
    assert await parts.catalog.find("nonesuch") is None


async def test_the_served_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("FATHOM_HOME", str(tmp_path))

    def broken(_progress):
        raise CheckpointError("the file ends early", "download it again")

    parts = Parts(tmp_path, broken)
    assert ((await parts.entry("waiting")).state, (await parts.entry("waiting")).stage) == ("loading", "starting")
    parts.registry.start()
    while (await parts.entry("waiting")).state == "loading":
        await asyncio.sleep(0.001)
    row = await parts.entry("waiting")
    assert (row.state, str(row.error), row.served) == ("failed", "the file ends early; download it again", True)


async def test_a_local_model(parts: Parts):
    row = await parts.entry("mine")
    assert (row.state, row.origin, row.thinking, row.context, row.fits) == ("available", "own", True, 512, True)
    assert not row.removable
    async with parts.registry.lease("mine"):
        assert (await parts.entry("mine")).state == "ready"
    parts.speeds.keep("mine", 7.5)
    assert (await parts.entry("mine")).tokens_per_second == 7.5


async def test_a_recommended_model_that_is_here_is_no_longer_to_fetch(parts: Parts):
    parts.local["qwen3-0.6b"] = replace(local_model("qwen3-0.6b"), origin="pulled")
    entries = [entry for entry in await parts.catalog.entries() if entry.id == "qwen3-0.6b"]
    (row,) = entries
    assert (row.kind, row.licence, row.languages, row.removable) == ("local", "apache-2.0", "more than 100", True)


async def test_what_fits(parts: Parts):
    assert (await parts.entry("qwen3-4b")).fits
    assert not (await parts.entry("r1-distill-qwen-14b")).fits
    parts.local["huge"] = local_model("huge", 100)
    assert not (await parts.entry("huge")).fits


async def test_downloads(parts: Parts):
    parts.downloads._downloads |= {
        "qwen3-0.6b": Download("fetching", 0.25),
        "qwen3-4b": Download("failed", error=CheckpointError("the disk is full", "free some space")),
        "org/other": Download("looking up"),
    }
    row = await parts.entry("qwen3-0.6b")
    assert (row.state, row.stage, row.progress) == ("downloading", "fetching", 0.25)
    failed = await parts.entry("qwen3-4b")
    assert (failed.state, str(failed.error)) == ("failed", "the disk is full; free some space")
    assert (await parts.entry("org/other")).state == "downloading"


async def test_an_interrupted_download(parts: Parts):
    directory = pulled_dir("Qwen/Qwen3-0.6B")
    directory.mkdir(parents=True)
    (directory / INCOMPLETE).touch()
    (directory / "model.safetensors.abc.partial").write_bytes(bytes(300))
    row = await parts.entry("qwen3-0.6b")
    assert (row.state, row.received, row.removable) == ("downloadable", 300, True)
    assert row.progress == 300 / 1.5e9


async def test_without_a_database_the_local_models_are_listed(parts: Parts):
    parts.upstreams = StorageError("the disk is full", "free some space")
    assert (await parts.entry("mine")).state == "available"


async def test_changes_are_announced(parts: Parts):
    told: list[tuple[str, dict]] = []
    parts.catalog.announce(lambda name, data: told.append((name, dict(data))))
    parts.downloads._downloads["m"] = Download("fetching", 0.5)
    parts.downloads._notify("m")
    async with parts.registry.lease("mine"):
        pass
    assert told[0] == ("download", {"id": "m", "running": True, "progress": 0.5})
    assert told[1:] == [("download", {"id": "mine", "running": False, "progress": None})] * 2
