"""Files of sources: hashes, pins, gzip, the error for files that cannot be read."""

import bz2
import gzip
import lzma
import sys
from hashlib import sha256
from pathlib import Path

import pyarrow
import pytest

from fathom.base.errors import DataError
from fathom.data.sources.files import check_pin, open_bytes, read_error, sha256_of


def test_bytes_are_decompressed_by_name(tmp_path: Path) -> None:
    written = {
        "a.txt": b"plain\n",
        "b.txt.gz": gzip.compress(b"plain\n"),
        "c.txt.GZ": gzip.compress(b"plain\n"),
        "d.txt.bz2": bz2.compress(b"plain\n"),
        "e.txt.xz": lzma.compress(b"plain\n"),
        "f.txt.zst": pyarrow.compress(b"plain\n", codec="zstd", asbytes=True),
    }
    for name, content in written.items():
        (tmp_path / name).write_bytes(content)
        with open_bytes(tmp_path / name) as file:
            assert list(file) == [b"plain\n"]


def test_a_mark_is_dropped_and_another_encoding_refused(tmp_path: Path) -> None:
    (tmp_path / "a.txt.gz").write_bytes(gzip.compress("\ufeffhi".encode()))
    with open_bytes(tmp_path / "a.txt.gz") as file:
        assert file.read() == b"hi"
    (tmp_path / "b.txt").write_text("hi", encoding="utf-16")
    with pytest.raises(DataError, match=r"b\.txt is UTF-16, not UTF-8; save it as UTF-8: iconv"):
        open_bytes(tmp_path / "b.txt")


def test_zstandard_needs_pyarrow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(DataError, match=r"reading a\.zst needs pyarrow; pip install 'fathom-lm\[train\]'"):
        open_bytes(tmp_path / "a.zst")


def test_a_pin_is_the_hash_of_the_file_on_disk(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b"one")
    digest = sha256(b"one").hexdigest()
    assert sha256_of(path) == digest
    check_pin(path, digest.upper())
    check_pin(path, None)
    with pytest.raises(DataError, match=r"is not the file that was pinned: .*; fetch the pinned file again"):
        check_pin(path, "0" * 64)


@pytest.mark.parametrize("expected", [None, "0" * 64])
def test_a_missing_file(tmp_path: Path, expected: str | None) -> None:
    with pytest.raises(DataError, match=r"missing\.txt cannot be read: .*; check the path"):
        check_pin(tmp_path / "missing.txt", expected)


def test_an_error_without_a_number_keeps_its_text() -> None:
    assert str(read_error(Path("a"), EOFError("cut off"))).startswith("a cannot be read: cut off")
