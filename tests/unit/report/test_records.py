"""Values and files that may hold anything."""

from __future__ import annotations

from math import inf, nan
from pathlib import Path

import pytest

from fathom.report.records import JsonLines, count, label, lookup, number, read_object, text, visible


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1, 1.0),
        (0.5, 0.5),
        (True, None),
        ("1", None),
        (nan, None),
        (inf, None),
        (10**400, None),
        (1e300, None),
        (5e-324, 0.0),
    ],
)
def test_what_is_a_number(value: object, expected: float | None) -> None:
    assert number(value) == expected


def test_what_cannot_be_seen_is_shown() -> None:
    assert visible("a\x1b[0m\r\nb\rc\ud800\u202e\x85\x7f\t") == "a␛[0m\nb␍c\ufffd⟨U+202E⟩\ufffd␡\t"
    assert text("x" * 10, 5) == "xxxx…"
    assert (text(None), text([1]), text(True), text(10**5000)) == ("", "", "", "")
    assert (count(-1), count(3.7)) == (None, 3)
    assert label("first_right") == "first right"


def test_lookup_descends_and_stops_where_there_is_no_object() -> None:
    record = {"a": {"b": {"c": 1}}, "x": [1]}
    assert lookup(record, "a.b.c") == 1
    assert lookup(record, "a.b.d") is None
    assert lookup(record, "x.0") is None


def test_lines_are_read_again_by_their_offset(tmp_path: Path) -> None:
    path = tmp_path / "lines.jsonl"
    path.write_bytes(b'{"a": 1}\n\n[1]\n{"a": 2}\n{"a": 3')
    lines = JsonLines(path)
    offsets = {record["a"]: offset for offset, record in lines}
    assert list(offsets) == [1, 2]
    assert lines.problems() == ["lines.jsonl: 2 broken lines left out"]
    assert lines.at(offsets[2]) == {"a": 2}
    path.write_bytes(b"")
    assert lines.at(offsets[2]) == {}


def test_a_file_that_is_missing_or_no_object_is_a_problem(tmp_path: Path) -> None:
    assert read_object(tmp_path / "run.json") == ({}, ["run.json is missing"])
    (tmp_path / "run.json").write_text("[1]")
    assert read_object(tmp_path / "run.json")[1] == ["run.json is no JSON object of reasonable size"]
    assert JsonLines(tmp_path).problems() == []
    missing = JsonLines(tmp_path / "none")
    assert list(missing) == []
    assert missing.problems() == ["none is missing"]
