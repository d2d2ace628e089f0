"""``fathom backup``."""

from __future__ import annotations

import asyncio
import stat
import zipfile
from datetime import datetime

from stored_conversations import fill, open_database
from typer.testing import CliRunner

from fathom.cli.backup import place
from fathom.cli.main import app
from fathom.server.models.upstream.repository import UpstreamRepository
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
    assert "keys" not in result.output


def test_it_says_that_keys_are_in_it(tmp_path, monkeypatch):
    monkeypatch.setenv("FATHOM_DATA_DIR", str(tmp_path / "data"))

    async def prepare():
        database = open_database(tmp_path / "data")
        await UpstreamRepository(database).add("Up", "http://up/v1", "sk-secret", [])
        await database.close()

    asyncio.run(prepare())
    path = tmp_path / "a.zip"
    result = CliRunner().invoke(app, ["backup", str(path)])
    assert "it holds the addresses and keys of 1 model servers: keep it" in " ".join(result.output.split())
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with zipfile.ZipFile(path) as archive:
        assert b"sk-secret" in archive.read("tables/upstreams.jsonl"), "a restore needs it"
