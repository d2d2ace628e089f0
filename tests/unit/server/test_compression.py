"""What is compressed, for whom, and how long it is kept."""

from __future__ import annotations

import gzip

import pytest

from fathom.server.compression import GzippedFiles, accepts_gzip, is_worth_it


@pytest.mark.parametrize(
    ("header", "accepted"),
    [
        ("gzip", True),
        ("GZIP, deflate", True),
        ("br;q=1.0, gzip;q=0.5", True),
        ("*", True),
        ("", False),
        ("identity", False),
        ("gzip;q=0", False),
        ("gzip; q=0.000, *", False),
        ("*;q=0", False),
        ("x-gzip-like", False),
    ],
)
def test_what_a_client_accepts(header, accepted):
    assert accepts_gzip(header) is accepted


async def test_a_file_is_compressed_once_a_version(tmp_path):
    file, files = tmp_path / "a.js", GzippedFiles()
    file.write_text("one" * 1000)
    first = await files.content(file, "1")
    file.write_text("two" * 1000)
    assert await files.content(file, "1") is first
    assert gzip.decompress(await files.content(file, "2")) == b"two" * 1000


def test_pictures_and_small_files_are_left(tmp_path):
    assert is_worth_it(tmp_path / "a.js", 1024)
    assert not is_worth_it(tmp_path / "a.js", 1023)
    assert not is_worth_it(tmp_path / "a.woff2", 50_000)
