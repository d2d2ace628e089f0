"""The assistant is made in the background, and opened as often as it takes."""

from __future__ import annotations

import asyncio
import subprocess
import sys

import pytest
from scripted import instantly, scripted_model

from fathom.base.errors import StorageError
from fathom.server import assistant_handle
from fathom.server.assistant_handle import AssistantHandle
from fathom.server.errors import StoppingError
from fathom.server.models.registry import ModelRegistry
from fathom.server.models.runtime import Runtime
from fathom.server.settings import Settings
from fathom.server.store import database


def handle_of(data_dir) -> AssistantHandle:
    return AssistantHandle(Settings(data_dir=data_dir), ModelRegistry(Runtime(instantly(scripted_model()))))


async def test_there_is_one_assistant_until_it_is_closed(tmp_path):
    handle = handle_of(tmp_path)
    assert handle.made is None
    first, second = await asyncio.gather(handle.get(), handle.get())
    assert first is second is handle.made
    await handle.close()
    with pytest.raises(StoppingError):
        await handle.get()


async def test_a_folder_that_is_mended_is_opened_without_a_restart(tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(assistant_handle, "RETRY_SECONDS", 0.005)
    monkeypatch.setattr(database, "RETRY_SECONDS", 0.0)
    blocked = tmp_path / "data"
    blocked.touch()
    handle = handle_of(blocked)
    handle.start()
    assistant = await handle.get()
    while assistant.database.problem is None:
        await asyncio.sleep(0.005)
    with pytest.raises(StorageError):
        await assistant.database.open()
    blocked.unlink()
    while not assistant.database.is_open:
        await asyncio.sleep(0.005)
    assert len([r for r in caplog.records if "stored conversations are unavailable" in r.message]) == 1
    await handle.close()


async def test_closing_before_it_was_used(tmp_path):
    handle = handle_of(tmp_path)
    await handle.close()
    started = handle_of(tmp_path)
    started.start()
    await started.close()


async def test_what_failed_to_be_imported_is_tried_again(tmp_path, monkeypatch):
    handle = handle_of(tmp_path)
    with monkeypatch.context() as context:
        context.setattr(assistant_handle, "MODULE", "fathom.server.being_replaced")
        for _ in range(2):
            with pytest.raises(ModuleNotFoundError):
                await handle.get()
    assert await handle.get() is handle.made
    await handle.close()


async def test_what_failed_to_be_imported_is_opened_later_and_reported_once(tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(assistant_handle, "RETRY_SECONDS", 0.005)
    handle = handle_of(tmp_path)
    with monkeypatch.context() as context:
        context.setattr(assistant_handle, "MODULE", "fathom.server.being_replaced")
        handle.start()
        await asyncio.sleep(0.05)
    while handle.made is None or not handle.made.database.is_open:
        await asyncio.sleep(0.005)
    assert len([r for r in caplog.records if "cannot be made" in r.message]) == 1
    await handle.close()


async def test_closing_what_failed_to_be_imported(tmp_path, monkeypatch):
    monkeypatch.setattr(assistant_handle, "MODULE", "fathom.server.being_replaced")
    handle = handle_of(tmp_path)
    with pytest.raises(ModuleNotFoundError):
        await handle.get()
    await handle.close()


LATE = {
    "fathom.server.app": ("sqlalchemy", "alembic", "aiosqlite", "httpx", "huggingface_hub", "tokenizers", "numpy"),
    "fathom.server.assistant": ("huggingface_hub.hf_api", "tokenizers", "numpy", "torch"),
}
"""Modules, and libraries they must not load: the page waits for the first, idle memory holds what the second loads."""


@pytest.mark.parametrize("module", LATE)
def test_libraries_are_loaded_when_they_are_needed(module: str):
    code = f"import sys, {module}; loaded = {set(LATE[module])} & set(sys.modules); assert not loaded, loaded"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
