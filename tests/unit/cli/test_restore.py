"""``fathom restore``."""

from __future__ import annotations

import asyncio

import pytest
from stored_conversations import fill, open_database
from typer.testing import CliRunner

from fathom.cli import restore
from fathom.cli.main import app
from fathom.server.store.backup_file import BackupError


def test_there_and_back(tmp_path, monkeypatch):
    async def prepare():
        database = open_database(tmp_path / "data")
        await fill(database)
        await database.close()

    asyncio.run(prepare())
    monkeypatch.setenv("FATHOM_DATA_DIR", str(tmp_path / "data"))
    assert CliRunner().invoke(app, ["backup", str(tmp_path / "a.zip")]).exit_code == 0
    result = CliRunner().invoke(app, ["restore", str(tmp_path / "a.zip")])
    assert result.exit_code == 0, result.output
    assert "restored 1 conversations and 1 files" in result.output
    assert "before-restore-" in result.output


def test_a_file_that_is_not_there(tmp_path, monkeypatch):
    monkeypatch.setenv("FATHOM_DATA_DIR", str(tmp_path / "data"))
    with pytest.raises(BackupError, match="no file"):
        restore.restore(tmp_path / "none.zip")
