"""A backup is trusted only where every byte is as the manifest says."""

from __future__ import annotations

import hashlib
import json
import zipfile

import pytest

from fathom.server.store import backup_file
from fathom.server.store.backup_file import MANIFEST, BackupError, Manifest, verify


def written(path, entries=None, manifest=None, extra=None, **fields):
    entries = {"tables/memories.jsonl": b'{"id": "a"}\n'} if entries is None else entries
    listed = {
        name: {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data), "rows": 1}
        for name, data in entries.items()
    }
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in (entries | (extra or {})).items():
            archive.writestr(name, data)
        body = Manifest("0.1.0", "0001", 1, listed).json() | fields
        archive.writestr(MANIFEST, json.dumps(body) if manifest is None else manifest)
    return path


def test_a_whole_backup(tmp_path):
    manifest = verify(written(tmp_path / "a.zip"))
    assert (manifest.schema, manifest.bytes, manifest.rows("memories"), manifest.rows("files")) == ("0001", 12, 1, 0)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"manifest": "{"}, "damaged"),
        ({"manifest": "[]"}, "damaged"),
        ({"manifest": "{}"}, "damaged"),
        ({"format": "other"}, "damaged"),
        ({"version": 2}, "later version"),
        ({"created": "x"}, "damaged"),
        ({"extra": {"tables/other.jsonl": b""}}, "other files than its manifest"),
        ({"entries": {"../../etc/passwd": b"x"}}, "damaged"),
        ({"entries": {"tables/../x.jsonl": b"x"}}, "damaged"),
        ({"entries": {"/tables/x.jsonl": b"x"}}, "damaged"),
        ({"entries": {"files/" + "0" * 64: b"x"}}, "damaged"),
    ],
)
def test_what_is_refused(tmp_path, options, message):
    with pytest.raises(BackupError, match=message):
        verify(written(tmp_path / "a.zip", **options))


def test_a_missing_entry_and_a_changed_one(tmp_path):
    good = written(tmp_path / "a.zip")
    with zipfile.ZipFile(good) as archive:
        manifest = archive.read(MANIFEST)
    with pytest.raises(BackupError, match="other files"):
        verify(written(tmp_path / "b.zip", entries={}, manifest=manifest))
    with pytest.raises(BackupError, match=r"memories\.jsonl is not what was written"):
        verify(written(tmp_path / "c.zip", entries={"tables/memories.jsonl": b'{"id": "b"}\n'}, manifest=manifest))


@pytest.mark.parametrize("share", [0.3, 0.6, 0.95])
def test_one_that_was_cut_off(tmp_path, share):
    path = written(tmp_path / "a.zip", entries={"tables/memories.jsonl": bytes(range(256)) * 40})
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(BackupError, match="damaged"):
        verify(path)


def test_bits_that_flipped(tmp_path):
    path = written(tmp_path / "a.zip", entries={"tables/memories.jsonl": bytes(range(256)) * 40})
    data = bytearray(path.read_bytes())
    for position in range(40, 400, 60):
        data[position] ^= 0xFF
    path.write_bytes(data)
    with pytest.raises(BackupError, match="damaged"):
        verify(path)


def test_what_is_no_archive(tmp_path, monkeypatch):
    (tmp_path / "a.zip").write_bytes(b"hello")
    for path, message in (
        (tmp_path / "a.zip", "damaged"),
        (tmp_path / "none.zip", "no file"),
        (tmp_path, "cannot be read"),
    ):
        with pytest.raises(BackupError, match=message):
            verify(path)
    monkeypatch.setattr(backup_file, "MOST_MANIFEST_BYTES", 10)
    with pytest.raises(BackupError, match="damaged"):
        verify(written(tmp_path / "b.zip"))
