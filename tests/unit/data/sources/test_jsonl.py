"""JSON Lines: broken lines with their numbers, compression, resuming at any record."""

import gzip
from pathlib import Path

import pytest
from source_texts import texts

from fathom.base.errors import DataError
from fathom.data.sources.jsonl import JsonlSource, as_record
from fathom.data.sources.source import Skips

LINES = b'{"text": "one"}\n\nnot json\n{"text": "two"}\n[1]\n{"text": "\xff"}\n{"text": "three"}'


@pytest.mark.parametrize("name", ["x.jsonl", "x.jsonl.gz"])
def test_broken_lines_are_reported_with_their_numbers(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(gzip.compress(LINES) if name.endswith("gz") else LINES)
    skips = Skips()
    assert texts(JsonlSource(path), skips) == ["one", "two", "three"]
    assert [where for where, _ in skips.items] == [f"{name}:{line}" for line in (3, 5, 6)]
    assert [reason for _, reason in skips.items] == [
        "it is not JSON (Expecting value: line 1 column 1 (char 0))",
        "it holds a list, not an object",
        "it is not UTF-8",
    ]


def test_too_many_broken_lines_are_an_error(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_bytes(LINES)
    with pytest.raises(DataError, match=r"2 records cannot be used: x\.jsonl:3: it is not JSON .*; x\.jsonl:5: it"):
        texts(JsonlSource(path), Skips(limit=1))


def test_empty_lines_are_nothing(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_bytes(b'{"text": "a"}\n\n' * 150)
    assert len(texts(JsonlSource(path), Skips(limit=0))) == 150


def test_lines_end_at_line_feeds_alone(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text('{"text": "a\u2028b\x85c"}\r\n{"text": "d"}\n', encoding="utf-8", newline="")
    assert texts(JsonlSource(path), Skips(limit=0)) == ["a\u2028b\x85c", "d"]


def test_a_list_of_messages_is_a_conversation() -> None:
    talk = [{"from": "human", "value": "hi"}]
    assert as_record(talk) == {"messages": talk}
    assert as_record([]) == as_record([{"a": 1}]) == "it holds a list, not an object"


def test_reading_resumes_after_any_record(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_bytes(LINES)
    records = list(JsonlSource(path).records(Skips()))
    assert [record.where for record in records] == ["x.jsonl:1", "x.jsonl:4", "x.jsonl:7"]
    for done, record in enumerate(records, 1):
        rest = list(JsonlSource(path).records(Skips(), record.position.next))
        assert rest == records[done:]


def test_a_truncated_gzip_file(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl.gz"
    path.write_bytes(gzip.compress(b'{"text": "a"}\n' * 10_000)[:-20])
    with pytest.raises(DataError, match="cannot be read"):
        texts(JsonlSource(path))


def test_deep_nesting_is_a_broken_line(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_bytes(b"[" * 200_000 + b"\n" + LINES[:15])
    skips = Skips()
    assert texts(JsonlSource(path), skips) == ["one"]
    assert len(skips.items) == 1
