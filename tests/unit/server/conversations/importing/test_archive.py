"""The file a person chose: JSON or a zip archive, honest or not."""

from __future__ import annotations

import zipfile

import pytest

from fathom.base.errors import RequestError
from fathom.server.conversations.importing import archive
from fathom.server.conversations.importing.archive import open_export


def made(path, files: dict[str, bytes], **options):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, **options) as zipped:
        for name, data in files.items():
            zipped.writestr(name, data)
    return path


def contents(path) -> list[bytes]:
    with open_export(path) as export:
        return [stream.read() for stream in export.streams()]


def test_json(tmp_path):
    path = tmp_path / "x.json"
    path.write_bytes(b"[]")
    assert contents(path) == [b"[]"]


def test_the_conversations_of_an_archive(tmp_path):
    files = {
        "export/conversations-001.json": b"2",
        "export/conversations-000.json": b"1",
        "export/user.json": b"x",
        "__MACOSX/export/._conversations-000.json": b"x",
        "chat.html": b"x",
        "shared_conversations.json": b"x",
    }
    assert contents(made(tmp_path / "a.zip", files)) == [b"1", b"2"]
    assert contents(made(tmp_path / "b.zip", {"chats.json": b"1", "user.json": b"x"})) == [b"1"]


def test_attachments(tmp_path):
    files = {
        "conversations.json": b"[]",
        "file-AbC-cat.png": b"cat",
        "user-1/file_00ff-sanitized.png": b"dog",
        "files/0a1b": b"own",
    }
    with open_export(made(tmp_path / "a.zip", files)) as export:
        entries = ("file-AbC", "file_00ff", "0a1b", "file-Ab", "", "conversations")
        assert [export.attachment(entry) for entry in entries] == [b"cat", b"dog", b"own", None, None, None]


def test_an_attachment_that_is_too_large_is_left_out(tmp_path, monkeypatch):
    monkeypatch.setattr(archive, "MAX_FILE_BYTES", 3)
    with open_export(
        made(tmp_path / "a.zip", {"conversations.json": b"[]", "file-A-x": b"1234", "file-B-x": b"123"})
    ) as export:
        assert (export.attachment("file-A"), export.attachment("file-B")) == (None, b"123")


def test_a_bomb(tmp_path, monkeypatch):
    monkeypatch.setattr(archive, "MAX_UNPACKED", 1 << 20)
    path = made(tmp_path / "a.zip", {"conversations.json": b" " * (4 << 20)})
    with pytest.raises(RequestError, match="unpacks to more than"):
        contents(path)


def test_too_many_entries(tmp_path, monkeypatch):
    monkeypatch.setattr(archive, "MAX_ENTRIES", 2)
    with pytest.raises(RequestError, match="more than 2 files"):
        contents(made(tmp_path / "a.zip", {"a": b"", "b": b"", "c": b""}))


def damaged(path, change):
    data = bytearray(path.read_bytes())
    change(data)
    path.write_bytes(data)
    return path


@pytest.mark.parametrize(
    "change",
    [
        lambda data: data.__delitem__(slice(len(data) // 2, None)),
        lambda data: data.__setitem__(slice(60, 80), b"x" * 20),
        lambda data: data.__setitem__(slice(-12, None), b"\xff" * 12),
    ],
    ids=["cut off", "overwritten", "directory"],
)
def test_damage(tmp_path, change):
    path = made(tmp_path / "a.zip", {"conversations.json": bytes(range(256)) * 50})
    with pytest.raises(RequestError, match="the archive cannot be read"):
        contents(damaged(path, change))


def test_encryption(tmp_path):
    path = made(tmp_path / "a.zip", {"conversations.json": b"[]"})

    def encrypt(data):
        data[6] |= 1
        data[data.index(b"PK\1\2") + 8] |= 1

    with pytest.raises(RequestError, match="is encrypted"):
        contents(damaged(path, encrypt))


@pytest.mark.parametrize(
    ("data", "message"), [(b"", "is empty"), (b"\x1f\x8b\x08\x00", "gzip"), (b"PK\x03\x04", "cannot be read")]
)
def test_other_files(tmp_path, data, message):
    path = tmp_path / "x"
    path.write_bytes(data)
    with pytest.raises(RequestError, match=message):
        contents(path)


def test_an_archive_without_conversations(tmp_path):
    with pytest.raises(RequestError, match=r"no conversations\.json"):
        contents(made(tmp_path / "a.zip", {"user.json": b"{}", "a.txt": b""}))
