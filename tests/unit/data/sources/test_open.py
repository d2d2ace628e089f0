"""Sources by name: files, pinned files, directories, and names that are refused."""

import gzip
import lzma
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest
from source_texts import texts

from fathom.base.errors import DataError
from fathom.data.sources.hub import HubSource
from fathom.data.sources.open import open_source
from fathom.data.sources.source import Position


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.jsonl", b'{"text": "hi"}'),
        ("a.jsonl.gz", gzip.compress(b'{"text": "hi"}', mtime=0)),
        ("a.JSONL", b'{"text": "hi"}'),
        ("a.json", b'[{"text": "hi"}]'),
        ("a.json.xz", lzma.compress(b'[{"text": "hi"}]')),
        ("a.csv", b"text\nhi\n"),
        ("a.tsv.gz", gzip.compress(b"text\tmore\nhi\t1\n", mtime=0)),
        ("a.txt", b"hi"),
        ("a.md", b"hi"),
    ],
)
def test_a_file_by_its_name_and_its_hash(tmp_path: Path, name: str, content: bytes) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    digest = sha256(content).hexdigest()
    assert texts(open_source(str(path))) == ["hi"]
    assert texts(open_source(f"{path}@sha256:{digest}")) == ["hi"]
    assert open_source(str(path)).describe()["sha256"] == digest
    with pytest.raises(DataError, match=rf"{name} is not the file that was pinned: its SHA-256 is {digest}, not 0000"):
        texts(open_source(f"{path}@sha256:{'0' * 64}"))


def test_a_directory_with_everything_in_it(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "b.jsonl").write_text('{"text": "three"}\n{"text": "four"}\n', encoding="utf-8")
    (tmp_path / "a.jsonl").write_text('{"text": "one"}\n{"text": "two"}\n', encoding="utf-8")
    (tmp_path / "picture.png").write_bytes(b"")
    for name in ("README.md", "dataset_info.json", ".hidden.jsonl", ".git/a.txt"):  # about the data, and not of them
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text('{"text": "about"}')
    source = open_source(str(tmp_path))
    assert texts(source) == ["one", "two", "three", "four"]
    assert texts(source, start=Position(0, 1)) == ["two", "three", "four"]
    assert texts(source, start=Position(1, 1)) == ["four"]
    assert [part["name"] for part in source.describe()["parts"]] == ["a.jsonl", "b.jsonl"]


@pytest.mark.parametrize(
    ("name", "make", "message"),
    [
        ("missing.jsonl", lambda path: None, "there is no file"),
        ("x.docx", lambda path: path.write_bytes(b""), "is of no known kind; convert it to one of .jsonl"),
        ("empty", lambda path: path.mkdir(), "holds no file that can be read"),
    ],
)
def test_what_cannot_be_read(tmp_path: Path, name: str, make: Callable[[Path], object], message: str) -> None:
    make(tmp_path / name)
    with pytest.raises(DataError, match=message):
        open_source(str(tmp_path / name))


def test_shards_are_no_source(tmp_path: Path) -> None:
    for name in ("index.json", "tokens-00000.bin"):
        (tmp_path / name).write_bytes(b"")
    with pytest.raises(DataError, match=r"holds token shards, which are prepared already; train on it: --set data="):
        open_source(str(tmp_path))


def test_a_dataset_of_the_hub() -> None:
    source = open_source("hf:owner/name@v1:data/*.parquet")
    assert isinstance(source, HubSource)
    assert source.name == "owner/name"
