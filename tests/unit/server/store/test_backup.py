"""A backup: one state of everything but temporary chats, while others write."""

from __future__ import annotations

import hashlib
import json
import stat
import zipfile

import pytest
from stored_conversations import add_file, fill, open_database

from fathom.server.conversations.messages import insert_message
from fathom.server.store.backup import write_backup
from fathom.server.store.backup_file import MANIFEST, BackupError, verify
from fathom.server.web_search.pages import WebPages
from fathom.server.web_search.reading import ReadPage


@pytest.fixture
async def filled(tmp_path):
    database = open_database(tmp_path / "data")
    database.ids = await fill(database)
    yield database
    await database.close()


async def test_everything_but_temporary_chats(filled, tmp_path):
    path = tmp_path / "deep" / "a.zip"
    manifest = await write_backup(filled, path)
    assert manifest == verify(path)
    assert (manifest.rows("conversations"), manifest.rows("messages"), manifest.rows("files")) == (1, 2, 1)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with zipfile.ZipFile(path) as archive:
        text = b"".join(archive.read(name) for name in archive.namelist())
        rows = [json.loads(line) for line in archive.read("tables/conversations.jsonl").splitlines()]
        assert f"files/{hashlib.sha256(b'about rivers').hexdigest()}" in archive.namelist()
    assert [row["title"] for row in rows] == ["Kept \N{GRINNING FACE}"]
    assert b"secret" not in text.lower()
    assert b"The user is Ada." in text


async def test_what_only_temporary_chats_hold_is_left_out(filled, tmp_path):
    made, shared = await add_file(filled, b"made in secret"), await add_file(filled, b"made for all")
    pages = WebPages(filled)
    names = ("kept", "temporary", "uncited")
    read = {name: await pages.add(ReadPage(f"http://{name}", f"http://{name}", name, name)) for name in names}

    def content(page, *files):
        results = {"text": "", "files": [{"id": file, "name": "plot.png"} for file in files]}
        call = {"type": "tool_call", "id": "c", "name": "python", "arguments": "{}", "state": "done", "result": results}
        return [call, {"type": "citation", "number": 1, "kind": "web", "title": "t", "source": read[page].id}]

    async with filled.write() as connection:
        await insert_message(connection, filled.ids["kept"], None, "assistant", content("kept", shared))
        await insert_message(connection, filled.ids["temporary"], None, "assistant", content("temporary", made, shared))
    await write_backup(filled, tmp_path / "a.zip")
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        rows = {name: archive.read(f"tables/{name}.jsonl").decode().splitlines() for name in ("files", "web_pages")}
    assert [json.loads(row)["title"] for row in rows["web_pages"]] == ["kept"]
    assert {json.loads(row)["id"] for row in rows["files"]} == {filled.ids["file"], shared}


async def test_it_never_overwrites_and_leaves_nothing_by_halves(filled, tmp_path, monkeypatch):
    (tmp_path / "a.zip").write_bytes(b"mine")
    with pytest.raises(BackupError, match="exists"):
        await write_backup(filled, tmp_path / "a.zip")
    assert (tmp_path / "a.zip").read_bytes() == b"mine"
    (tmp_path / "file").touch()
    with pytest.raises(BackupError, match="cannot be written"):
        await write_backup(filled, tmp_path / "file" / "a.zip")
    for content in (filled.data_dir / "files").rglob("*"):
        if content.is_file():
            content.write_bytes(b"damaged")
    with pytest.raises(BackupError, match="is damaged"):
        await write_backup(filled, tmp_path / "b.zip")
    assert not list(tmp_path.glob("b.zip*"))


async def test_a_file_whose_bytes_are_gone_is_left_out(filled, tmp_path):
    for content in (filled.data_dir / "files").rglob("*"):
        if content.is_file():
            content.unlink()
    manifest = await write_backup(filled, tmp_path / "a.zip")
    assert manifest.rows("files") == 1
    assert not [name for name in manifest.entries if name.startswith("files/")]
    assert MANIFEST not in manifest.entries
