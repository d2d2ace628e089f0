"""Tables as text: separators, quotes, marks, rows that do not fit."""

from pathlib import Path

import pytest

from fathom.base.errors import DataError
from fathom.data.sources.source import Position, Skips
from fathom.data.sources.table import TableSource

CSV = '\ufeffquestion,answer\r\n"1, or\n2?",2\r\n"say ""hi""",hi\r\ntoo,many,fields\r\nfew\r\nlast,1\r\n'


def test_rows_with_their_numbers(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text(CSV, encoding="utf-8", newline="")
    skips = Skips()
    records = list(TableSource(tmp_path / "x.csv").records(skips))
    assert [(record.where, record.data) for record in records] == [
        ("x.csv:2", {"question": "1, or\n2?", "answer": "2"}),
        ("x.csv:3", {"question": 'say "hi"', "answer": "hi"}),
        ("x.csv:6", {"question": "last", "answer": "1"}),
    ]
    reason = "it has another number of fields than the first line"
    assert skips.items == [("x.csv:4", reason), ("x.csv:5", reason)]
    assert list(TableSource(tmp_path / "x.csv").records(Skips(), records[0].position.next)) == records[1:]


def test_tabs(tmp_path: Path) -> None:
    (tmp_path / "x.tsv").write_text("a\tb\n1,5\t2\n")
    (record,) = TableSource(tmp_path / "x.tsv").records(Skips(), Position(0, 0))
    assert record.data == {"a": "1,5", "b": "2"}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"a,b\n\xff,1\n", r"x\.csv is not UTF-8; save it as UTF-8"),
        (b'a,b\n"1"2,3\n', r"x\.csv is no table that can be read: .*; save it as JSON Lines"),
    ],
)
def test_a_broken_table(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "x.csv").write_bytes(content)
    with pytest.raises(DataError, match=message):
        list(TableSource(tmp_path / "x.csv").records(Skips()))
