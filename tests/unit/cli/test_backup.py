"""``fathom backup``."""

from __future__ import annotations

import asyncio
from datetime import datetime

from stored_conversations import fill, open_database
from typer.testing import CliRunner

from fathom.cli.backup import place
from fathom.cli.main import app
from fathom.server.store.backup_file import verify


def test_where_it_goes(tmp_path):
    now = datetime(2026, 1, 2, 3, 4, 5)
    assert place(None, tmp_path, now) == tmp_path / "fathom-20260102-030405.zip"
    assert place(tmp_path, tmp_path / "x", now) == tmp_path / "fathom-20260102-030405.zip"
    assert place(tmp_path / "a.zip", tmp_path, now) == tmp_path / "a.zip"


def test_the_command(tmp_path, monkeypatch):
    monkeypatch.setenv("FATHOM_DATA_DIR", str(tmp_path / "data"))

    async def prepare():
        database = open_database(tmp_path / "data")
        await fill(database)
        await database.close()

    asyncio.run(prepare())
    result = CliRunner().invoke(app, ["backup"])
    assert result.exit_code == 0, result.output
    (path,) = (tmp_path / "data" / "backups").iterdir()
    assert str(path) in result.output.replace("\n", "")
    assert "1 conversations, 2 messages, 1 files" in result.output
    assert verify(path).rows("conversations") == 1
