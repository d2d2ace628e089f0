"""Word: structure as Markdown."""

from __future__ import annotations

import io

import pytest
from made_files import WrittenPassages, docx, paragraph, word_table, zip_of

from fathom.server.files.errors import UnreadableFileError
from fathom.server.files.extraction.readers.word import read

CORE = (
    '<p:coreProperties xmlns:p="http://schemas.openxmlformats.org/package/2006/metadata/core-properties" '
    'xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>A plan</dc:title></p:coreProperties>'
)


def read_word(data: bytes) -> WrittenPassages:
    writer = WrittenPassages()
    read(io.BytesIO(data), writer)
    return writer


def test_headings_text_and_tables():
    body = paragraph("Plan", "Heading1") + paragraph("Why we do it.") + word_table([["a", "b"], ["1", "2"]])
    writer = read_word(docx(body, properties=CORE))
    assert writer.text == "# Plan\n\nWhy we do it.\n\n| a | b |\n| --- | --- |\n| 1 | 2 |\n"
    assert writer.title == "A plan"
    assert writer.passages[0][0] == {"line": 1}


def test_deleted_text_is_left_out():
    body = "<w:p><w:del><w:r><w:delText>old</w:delText></w:r></w:del><w:ins><w:r><w:t>new</w:t></w:r></w:ins></w:p>"
    assert read_word(docx(body)).text == "new\n"


def test_entities_are_refused():
    prolog = '<!DOCTYPE w [<!ENTITY a "ha">]>'
    with pytest.raises(UnreadableFileError, match="declares entities"):
        read_word(docx(paragraph("&a;"), prolog=prolog))


@pytest.mark.parametrize("data", [docx("<broken"), zip_of({"word/document.xml": "<a/>"})])
def test_a_damaged_one(data):
    with pytest.raises(UnreadableFileError, match="damaged"):
        read_word(data)
