"""Files of sources: hashes, pins, gzip, the error for files that cannot be read."""

import gzip
from hashlib import sha256
from pathlib import Path

import pytest

from fathom.base.errors import DataError
from fathom.data.sources.files import check_pin, open_bytes, read_error, sha256_of


def test_bytes_are_decompressed_by_name(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"plain")
    (tmp_path / "b.txt.gz").write_bytes(gzip.compress(b"packed"))
    for name, content in (("a.txt", b"plain"), ("b.txt.gz", b"packed")):
        with open_bytes(tmp_path / name) as file:
            assert file.read() == content


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
