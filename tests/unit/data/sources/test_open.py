"""Every kind of file: its records, its broken lines with their numbers, its hash, and resuming in its middle."""

import gzip
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pyarrow
import pyarrow.parquet
import pytest

from fathom.base.errors import DataError
from fathom.data.sources.jsonl import JsonlSource
from fathom.data.sources.open import open_source
from fathom.data.sources.parquet import ParquetSource
from fathom.data.sources.source import DataSource, GeneratedSource, Position, Skips
from fathom.data.sources.text import TextSource

LINES = b'{"text": "one"}\n\nnot json\n{"text": "two"}\n[1]\n{"text": "\xff"}\n{"text": "three"}'


def texts(source: DataSource, skips: Skips | None = None, start: Position | None = None) -> list[str]:
    return [record.data["text"] for record in source.records(skips or Skips(), start or Position())]


class TestJsonl:
    @pytest.mark.parametrize("name", ["x.jsonl", "x.jsonl.gz"])
    def test_broken_lines_are_reported_with_their_numbers(self, tmp_path: Path, name: str) -> None:
        path = tmp_path / name
        path.write_bytes(gzip.compress(LINES) if name.endswith("gz") else LINES)
        skips = Skips()
        assert texts(JsonlSource(path), skips) == ["one", "two", "three"]
        assert [where for where, _ in skips.items] == [f"{name}:{line}" for line in (2, 3, 5, 6)]
        assert [reason for _, reason in skips.items] == [
            "the line is empty",
            "it is not JSON (Expecting value: line 1 column 1 (char 0))",
            "it holds a list, not an object",
            "it is not UTF-8",
        ]

    def test_too_many_broken_lines_stop_the_work(self, tmp_path: Path) -> None:
        path = tmp_path / "x.jsonl"
        path.write_bytes(LINES)
        with pytest.raises(DataError, match=r"3 records cannot be used: x\.jsonl:2: the line is empty; x\.jsonl:3: it"):
            texts(JsonlSource(path), Skips(limit=2))

    def test_it_resumes_behind_any_record(self, tmp_path: Path) -> None:
        path = tmp_path / "x.jsonl"
        path.write_bytes(LINES)
        records = list(JsonlSource(path).records(Skips()))
        assert [record.where for record in records] == ["x.jsonl:1", "x.jsonl:4", "x.jsonl:7"]
        for done, record in enumerate(records, 1):
            rest = list(JsonlSource(path).records(Skips(), record.position.next))
            assert rest == records[done:]

    def test_a_gzip_file_that_breaks_off(self, tmp_path: Path) -> None:
        path = tmp_path / "x.jsonl.gz"
        path.write_bytes(gzip.compress(b'{"text": "a"}\n' * 10_000)[:-20])
        with pytest.raises(DataError, match="cannot be read"):
            texts(JsonlSource(path))

    def test_deep_nesting_is_a_broken_line(self, tmp_path: Path) -> None:
        path = tmp_path / "x.jsonl"
        path.write_bytes(b"[" * 200_000 + b"\n" + LINES[:15])
        skips = Skips()
        assert texts(JsonlSource(path), skips) == ["one"]
        assert len(skips.items) == 1


class TestText:
    def test_a_file_is_one_document(self, tmp_path: Path) -> None:
        (tmp_path / "a.txt").write_text("one\ntwo\n", encoding="utf-8")
        assert texts(TextSource(tmp_path / "a.txt")) == ["one\ntwo\n"]

    def test_or_several_between_separators(self, tmp_path: Path) -> None:
        (tmp_path / "a.txt").write_bytes(b"one\n<|end|>\n\xff\n<|end|>\nthree\n")
        skips = Skips()
        source = TextSource(tmp_path / "a.txt", separator="<|end|>")
        assert texts(source, skips) == ["one\n", "three\n"]
        assert skips.items == [("a.txt:3", "it is not UTF-8")]
        assert texts(source, start=Position(0, 1)) == ["three\n"]


class TestParquet:
    @pytest.fixture
    def path(self, tmp_path: Path) -> Path:
        table = pyarrow.table({"text": [f"row {row}" for row in range(25)], "more": list(range(25))})
        pyarrow.parquet.write_table(table, tmp_path / "x.parquet", row_group_size=10)
        return tmp_path / "x.parquet"

    @pytest.mark.parametrize("start", [0, 3, 10, 19, 24, 25, 99])
    def test_rows_from_anywhere(self, path: Path, start: int) -> None:
        records = list(ParquetSource(path).records(Skips(), Position(0, start)))
        assert [record.data for record in records] == [{"text": f"row {n}", "more": n} for n in range(start, 25)]
        assert [record.position.row for record in records] == list(range(start, 25))

    def test_only_the_wanted_columns(self, path: Path) -> None:
        assert next(ParquetSource(path, columns=["text"]).records(Skips())).data == {"text": "row 0"}

    def test_a_file_that_is_none(self, tmp_path: Path) -> None:
        (tmp_path / "x.parquet").write_bytes(b"PAR1 and nothing else")
        with pytest.raises(DataError, match="cannot be read"):
            texts(ParquetSource(tmp_path / "x.parquet"))

    def test_without_pyarrow_the_remedy_is_told(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(__import__("sys").modules, "pyarrow.parquet", None)
        with pytest.raises(DataError, match=r"reading parquet needs pyarrow; pip install 'fathom-lm\[train\]'"):
            texts(ParquetSource(path))


def test_generated_records_are_made_from_their_number() -> None:
    source = GeneratedSource("squares", lambda n: {"text": f"{n}² = {n * n}"}, 4, version=2)
    assert texts(source, start=Position(0, 2)) == ["2² = 4", "3² = 9"]
    assert source.describe() == {"kind": "generated", "name": "squares", "count": 4, "version": 2}


class TestWords:
    @pytest.mark.parametrize(
        ("name", "content"),
        [
            ("a.jsonl", b'{"text": "hi"}'),
            ("a.jsonl.gz", gzip.compress(b'{"text": "hi"}')),
            ("a.txt", b"hi"),
            ("a.md", b"hi"),
        ],
    )
    def test_a_file_by_its_name_and_its_hash(self, tmp_path: Path, name: str, content: bytes) -> None:
        path = tmp_path / name
        path.write_bytes(content)
        digest = sha256(content).hexdigest()
        assert texts(open_source(str(path))) == ["hi"]
        assert texts(open_source(f"{path}@sha256:{digest}")) == ["hi"]
        assert open_source(str(path)).describe()["sha256"] == digest
        with pytest.raises(
            DataError, match=rf"{name} is not the file that was pinned: its SHA-256 is {digest}, not 0000"
        ):
            texts(open_source(f"{path}@sha256:{'0' * 64}"))

    def test_a_directory_with_everything_in_it(self, tmp_path: Path) -> None:
        (tmp_path / "sub").mkdir()
        (tmp_path / "sub" / "b.jsonl").write_text('{"text": "three"}\n{"text": "four"}\n', encoding="utf-8")
        (tmp_path / "a.jsonl").write_text('{"text": "one"}\n{"text": "two"}\n', encoding="utf-8")
        (tmp_path / "picture.png").write_bytes(b"")
        source = open_source(str(tmp_path))
        assert texts(source) == ["one", "two", "three", "four"]
        assert texts(source, start=Position(0, 1)) == ["two", "three", "four"]
        assert texts(source, start=Position(1, 1)) == ["four"]
        assert [part["name"] for part in source.describe()["parts"]] == ["a.jsonl", "b.jsonl"]

    @pytest.mark.parametrize(
        ("word", "make", "message"),
        [
            ("missing.jsonl", lambda path: None, "there is no file"),
            ("x.docx", lambda path: path.write_bytes(b""), "is of no known kind; convert it to one of .jsonl"),
            ("empty", lambda path: path.mkdir(), "holds no file that can be read"),
        ],
    )
    def test_what_cannot_be_read(self, tmp_path: Path, word: str, make: Callable[[Path], object], message: str) -> None:
        make(tmp_path / word)
        with pytest.raises(DataError, match=message):
            open_source(str(tmp_path / word))
