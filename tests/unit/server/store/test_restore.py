"""A restore: everything is back and found by search; what was there is kept; a failure changes nothing."""

from __future__ import annotations

import hashlib
import json
import shutil
import zipfile
from collections import namedtuple

import pytest
from sqlalchemy import select
from stored_conversations import fill, open_database

from fathom.server.conversations.changes import Changes
from fathom.server.conversations.memories import Memories
from fathom.server.conversations.messages import Messages
from fathom.server.conversations.preferences import PreferenceStore
from fathom.server.conversations.reindex import reindex
from fathom.server.conversations.repository import Conversations
from fathom.server.conversations.search import Search
from fathom.server.store.backup import write_backup
from fathom.server.store.backup_file import MANIFEST, BackupError, verify
from fathom.server.store.restore import restore_backup
from fathom.server.store.schema import web_pages


@pytest.fixture
async def backup(tmp_path):
    """A backup, and the ids of what it holds."""
    database = open_database(tmp_path / "before")
    ids = await fill(database)
    await write_backup(database, tmp_path / "a.zip")
    await database.close()
    return tmp_path / "a.zip", ids


async def test_everything_is_back(backup, tmp_path):
    path, ids = backup
    database = open_database(tmp_path / "after")
    done = await restore_backup(database, path, reindex)
    assert done.aside is None
    row = await Conversations(database, Changes()).get(ids["kept"])
    assert (row.title, row.head, row.settings) == ("Kept \N{GRINNING FACE}", ids["answer"], {"temperature": 0.5})
    question, answer = (await Messages(database, Changes()).page(row.id)).data
    assert question.parts[0]["file"] == ids["file"]
    assert answer.parts == ({"type": "thinking", "text": "hm", "ms": 4}, {"type": "answer", "text": "In Germany"})
    assert (await PreferenceStore(database).get()).retention_days == 90
    assert [hit.kind for hit in (await Search(database).find("rhine")).data] == ["question"]
    assert [path.read_bytes() for path in (tmp_path / "after" / "files").rglob("*") if path.is_file()] == [
        b"about rivers"
    ]
    again = await write_backup(database, tmp_path / "b.zip")
    assert again.entries == verify(path).entries, "a backup of what was restored is the same"
    await database.close()


async def test_a_page_of_an_older_version_is_restored(backup, tmp_path):
    page = {"id": "a", "url": "u", "final_url": "u", "title": "t", "text": "x", "sha256": "s", "fetched": 1}
    name, data = "tables/web_pages.jsonl", json.dumps(page).encode() + b"\n"
    older = tmp_path / "older.zip"
    with zipfile.ZipFile(backup[0]) as source, zipfile.ZipFile(older, "w") as archive:
        manifest = json.loads(source.read(MANIFEST)) | {"schema": "0001"}
        manifest["entries"][name] = {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data), "rows": 1}
        for entry in set(source.namelist()) - {name, MANIFEST}:
            archive.writestr(entry, source.read(entry))
        archive.writestr(name, data)
        archive.writestr(MANIFEST, json.dumps(manifest))
    database = open_database(tmp_path / "after")
    await restore_backup(database, older, reindex)
    async with database.read() as connection:
        assert (await connection.execute(select(web_pages.c.text, web_pages.c.places))).all() == [("x", [])]
    await database.close()


async def test_what_was_there_is_kept_aside(backup, tmp_path):
    path, _ = backup
    database = open_database(tmp_path / "after")
    await Memories(database).add("Here before.")
    await database.close()
    database = open_database(tmp_path / "after")
    done = await restore_backup(database, path, reindex)
    assert [memory.text for memory in await Memories(database).list()] == ["The user is Ada."]
    await database.close()
    database = open_database(tmp_path / "third")
    await restore_backup(database, done.aside, reindex)
    assert [memory.text for memory in await Memories(database).list()] == ["Here before."]
    await database.close()


async def test_not_while_a_server_uses_the_database(backup, tmp_path):
    path, _ = backup
    server = open_database(tmp_path / "after")
    await Memories(server).add("Here before.")
    with pytest.raises(BackupError, match="a server uses the database"):
        await restore_backup(open_database(tmp_path / "after"), path, reindex)
    assert [memory.text for memory in await Memories(server).list()] == ["Here before."]
    await server.close()


def changed(path, target, change):
    """A backup whose manifest is changed, with all else in order."""
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(target, "w") as archive:
        for name in source.namelist():
            data = source.read(name)
            archive.writestr(name, json.dumps(json.loads(data) | change) if name == MANIFEST else data)
    return target


async def test_what_cannot_be_restored_changes_nothing(backup, tmp_path, monkeypatch):
    path, _ = backup
    later = changed(path, tmp_path / "later.zip", {"schema": "9999", "fathom": "9.9"})
    (tmp_path / "damaged.zip").write_bytes(path.read_bytes()[:-100])
    database = open_database(tmp_path / "after")
    for attempt, message in ((later, r"later version of Fathom \(9\.9"), (tmp_path / "damaged.zip", "damaged")):
        with pytest.raises(BackupError, match=message):
            await restore_backup(database, attempt, reindex)
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(1, 1, 10))
    with pytest.raises(BackupError, match="0 MB free"):
        await restore_backup(database, path, reindex)
    assert not (tmp_path / "after" / "fathom.db").exists()


async def test_a_failure_in_the_middle_keeps_what_was_there(backup, tmp_path):
    path, _ = backup
    database = open_database(tmp_path / "after")
    await Memories(database).add("Here before.")
    await database.close()

    async def fail(_):
        raise ValueError("rows that do not fit")

    database = open_database(tmp_path / "after")
    with pytest.raises(BackupError, match="do not fit"):
        await restore_backup(database, path, fail)
    assert [memory.text for memory in await Memories(database).list()] == ["Here before."]
    await database.close()


async def test_a_damaged_database_is_not_touched(backup, tmp_path):
    path, _ = backup
    (tmp_path / "after").mkdir()
    (tmp_path / "after" / "fathom.db").write_bytes(b"no database" * 1000)
    with pytest.raises(BackupError, match="is damaged"):
        await restore_backup(open_database(tmp_path / "after"), path, reindex)
