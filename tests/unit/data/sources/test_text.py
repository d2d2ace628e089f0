"""Text files: one document, or several with a separator."""

from pathlib import Path

from source_texts import texts

from fathom.data.sources.source import Position, Skips
from fathom.data.sources.text import TextSource


def test_a_file_is_one_document(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("one\ntwo\n", encoding="utf-8")
    assert texts(TextSource(tmp_path / "a.txt")) == ["one\ntwo\n"]


def test_a_byte_order_mark_is_no_text(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"\xef\xbb\xbfhello")
    assert texts(TextSource(tmp_path / "a.txt")) == ["hello"]


def test_a_separator_makes_several(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"one\n<|end|>\n\xff\n<|end|>\nthree\n")
    skips = Skips()
    source = TextSource(tmp_path / "a.txt", separator="<|end|>")
    assert texts(source, skips) == ["one\n", "three\n"]
    assert skips.items == [("a.txt:3", "it is not UTF-8")]
    assert texts(source, start=Position(0, 1)) == ["three\n"]
