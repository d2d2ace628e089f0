"""EPUB: chapters in the order of the spine."""

from __future__ import annotations

import io

import pytest
from made_files import WrittenPassages, epub, zip_of

from fathom.server.files.errors import UnreadableFileError
from fathom.server.files.extraction.readers.epub import read

ENCRYPTION = '<encryption><EncryptionMethod Algorithm="{}"/></encryption>'


def read_epub(data: bytes) -> WrittenPassages:
    writer = WrittenPassages()
    read(io.BytesIO(data), writer)
    return writer


def test_chapters_in_order_with_their_headings():
    writer = read_epub(epub({"two%20words.xhtml": "<p>prose</p>", "a.xhtml": "<h1>Zwei</h1>x"} | {}))
    assert writer.title == "A book"
    assert [place for place, _ in writer.passages] == [{"chapter": "Zwei"}]  # the first is stored by another name
    assert writer.warnings == ["1 chapters are missing in the file"]
    writer = read_epub(epub({"b.xhtml": "<h1>Eins</h1>one", "a.xhtml": "no heading"}))
    assert writer.passages == [({"chapter": "Eins"}, "# Eins\n\none\n"), ({"chapter": "part 2"}, "no heading\n")]


def test_protection_is_named_and_obfuscated_fonts_are_none():
    with pytest.raises(UnreadableFileError, match="protected against copying"):
        read_epub(epub({"a.xhtml": "x"}, encryption=ENCRYPTION.format("http://www.w3.org/2001/04/xmlenc#aes128-cbc")))
    fonts = ENCRYPTION.format("http://www.idpf.org/2008/embedding")
    assert read_epub(epub({"a.xhtml": "x"}, encryption=fonts)).text == "x\n"


def test_a_path_out_of_the_archive_reads_nothing():
    assert read_epub(epub({"../../../etc/passwd": "x"})).passages == []


def test_a_damaged_one():
    with pytest.raises(UnreadableFileError, match="damaged"):
        read_epub(zip_of({"mimetype": "application/epub+zip"}))
