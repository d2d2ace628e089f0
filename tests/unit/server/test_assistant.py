"""The assistant: made of its settings, opened and closed with the server."""

from __future__ import annotations

import pytest
from scripted import instantly, scripted_model

from fathom.base.errors import StorageError
from fathom.server.assistant import assemble
from fathom.server.models.registry import ModelRegistry
from fathom.server.models.runtime import Runtime
from fathom.server.settings import Settings


async def test_it_opens_and_closes_its_database(tmp_path):
    assistant = assemble(Settings(data_dir=tmp_path / "data"), ModelRegistry(Runtime(instantly(scripted_model()))))
    assert not (tmp_path / "data").exists()
    await assistant.open()
    assert (tmp_path / "data" / "fathom.db").is_file()
    await assistant.close()
    assert not (tmp_path / "data" / "fathom.db-wal").exists(), "the log was written into the database"


async def test_a_folder_that_cannot_be_used(tmp_path):
    (tmp_path / "file").touch()
    assistant = assemble(Settings(data_dir=tmp_path / "file"), ModelRegistry(Runtime(instantly(scripted_model()))))
    with pytest.raises(StorageError, match="cannot be used"):
        await assistant.open()
    await assistant.close()
