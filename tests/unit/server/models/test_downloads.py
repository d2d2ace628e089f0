"""Downloads: watched, cancelled, resumed, failed; and none that outlives its server."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import pytest

from fathom.base.errors import CheckpointError, ModelNotFoundError
from fathom.checkpoint.resolve import pulled_dir
from fathom.server.models.downloads import Download, Downloads, remove_files


class Hub:
    """A fetch function that says half is there, then waits until it may go on."""

    def __init__(self) -> None:
        self.go_on = threading.Event()
        self.error: Exception | None = None
        self.fetched: list[str] = []
        self.stopped = threading.Event()

    def fetch(self, name: str, report) -> Path:
        try:
            report("looking up", None)
            report("fetching", 0.5)
            assert self.go_on.wait(60)
            report("fetching", 1.0)
            if self.error is not None:
                raise self.error
        except BaseException:
            self.stopped.set()
            raise
        self.fetched.append(name)
        return Path(name)


async def wait_for(condition) -> None:
    while not condition():
        await asyncio.sleep(0.001)


async def test_a_download_from_start_to_end():
    hub, told = Hub(), []
    downloads = Downloads(hub.fetch)
    downloads.on_change = told.append
    downloads.start("m")
    downloads.start("m")  # it runs already
    await wait_for(lambda: downloads.all["m"].fraction == 0.5 or downloads.all["m"].text == "looking up")
    assert downloads.all["m"].running
    hub.go_on.set()
    await wait_for(lambda: not downloads.all)
    assert hub.fetched == ["m"]
    assert set(told) == {"m"}


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (CheckpointError("the disk is full", "free some space"), "the disk is full; free some space"),
        (RuntimeError("strange"), "RuntimeError: strange; the log has the details; try again"),
    ],
)
async def test_a_failure_is_kept_and_the_next_start_tries_again(error, message):
    hub = Hub()
    hub.error = error
    hub.go_on.set()
    downloads = Downloads(hub.fetch)
    downloads.start("m")
    await wait_for(lambda: not downloads.all["m"].running)
    assert str(downloads.all["m"].error) == message
    hub.error = None
    downloads.start("m")
    await wait_for(lambda: not downloads.all)
    assert hub.fetched == ["m"]


async def test_cancelling():
    hub = Hub()
    downloads = Downloads(hub.fetch)
    assert not downloads.cancel("m")
    downloads.start("m")
    assert downloads.cancel("m")
    assert downloads.all == {}
    hub.go_on.set()
    await asyncio.to_thread(hub.stopped.wait, 60)
    await asyncio.sleep(0)
    assert (downloads.all, hub.fetched) == ({}, [])


async def test_a_failure_is_forgotten_by_cancelling():
    hub = Hub()
    hub.error = CheckpointError("no")
    hub.go_on.set()
    downloads = Downloads(hub.fetch)
    downloads.start("m")
    await wait_for(lambda: not downloads.all["m"].running)
    assert downloads.cancel("m")
    assert downloads.all == {}


async def test_closing_stops_all():
    hub = Hub()
    downloads = Downloads(hub.fetch)
    downloads.start("m")
    downloads.close()
    hub.go_on.set()
    await asyncio.to_thread(hub.stopped.wait, 60)
    assert hub.fetched == []


def test_only_what_was_fetched_is_removed(tmp_path, monkeypatch):
    monkeypatch.setenv("FATHOM_HOME", str(tmp_path))
    directory = pulled_dir("Qwen/Qwen3-0.6B")
    directory.mkdir(parents=True)
    (directory / "config.json").touch()
    remove_files("qwen3-0.6b")
    assert not directory.exists()
    with pytest.raises(ModelNotFoundError, match=r"nothing of qwen3-0\.6b was fetched by Fathom"):
        remove_files("qwen3-0.6b")


def test_what_a_download_says():
    assert Download("fetching", 0.5).running
    assert not Download("failed", error=CheckpointError("no")).running
