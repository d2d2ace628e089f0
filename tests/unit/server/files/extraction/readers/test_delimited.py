"""CSV: delimiters, quotes, encodings, places."""

from __future__ import annotations

import io

import pytest
from made_files import WrittenPassages

from fathom.server.files.extraction.readers.delimited import find_delimiter, read


def read_csv(data: bytes) -> WrittenPassages:
    writer = WrittenPassages()
    read(io.BytesIO(data), writer)
    return writer


@pytest.mark.parametrize(
    ("text", "delimiter"),
    [
        ("a,b\n1,2\n", ","),
        ("a;b\n1,5;2,5\n", ";"),
        ("a\tb\nx, y\tz\n", "\t"),
        ("a|b|c\n1|2|3\n", "|"),
        ("just text, with a comma\nand a line\n", None),
        ("one\ntwo\n", None),
    ],
)
def test_the_delimiter_divides_lines_evenly(text, delimiter):
    assert find_delimiter(text) == delimiter


def test_rows_with_quotes_line_breaks_and_bars():
    writer = read_csv('name;age;note\nÄnne;31;"two\nlines"\nBob;42;x|y\n'.encode("latin-1"))
    text = "| name | age | note |\n| --- | --- | --- |\n| Änne | 31 | two lines |\n| Bob | 42 | x\\|y |\n\n"
    assert writer.passages == [({"line": 2, "end": 4}, text)]
    assert writer.facts == {"rows": 2, "columns": 3}


def test_each_passage_begins_with_the_heading_and_has_its_lines():
    writer = read_csv(b"n,text\n" + b"".join(b"%d,%s\n" % (n, b"x" * 60) for n in range(2, 102)))
    assert len(writer.passages) > 3
    for place, text in writer.passages:
        assert text.startswith(f"| n | text |\n| --- | --- |\n| {place['line']} |")


def test_the_line_with_which_excel_names_the_delimiter():
    assert "| a,b | c |" in read_csv(b"sep=;\na,b;c\n1;2\n").text


def test_a_heading_alone():
    assert read_csv(b"a,b\n").text == "| a | b |\n| --- | --- |\n\n"
