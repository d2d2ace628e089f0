"""PDF: pages, titles, scans, locks and damage."""

from __future__ import annotations

import io

import pytest
from made_files import WrittenPassages, locked_pdf, pdf, pdf_of

from fathom.server.files.errors import UnreadableFileError
from fathom.server.files.extraction.readers import pdf as pdf_reader
from fathom.server.files.extraction.readers.pdf import read


def read_pdf(data: bytes) -> WrittenPassages:
    writer = WrittenPassages()
    read(io.BytesIO(data), writer)
    return writer


def test_the_text_of_each_page():
    writer = read_pdf(pdf(["First page", "Second page"], title="A title"))
    assert writer.passages == [({"page": 1}, "First page\n"), ({"page": 2}, "Second page\n")]
    assert (writer.title, writer.facts, writer.warnings) == ("A title", {"pages": 2}, [])


def test_pages_that_hold_only_pictures_are_noted():
    writer = read_pdf(pdf(["text", None, None]))
    assert writer.picture_pages == [2, 3]
    assert writer.facts == {"pages": 3}


def test_a_locked_one():
    with pytest.raises(UnreadableFileError, match="protected by a password"):
        read_pdf(locked_pdf())


@pytest.mark.parametrize("data", [b"%PDF-1.7\nnothing", pdf(["a"])[:60]])
def test_a_damaged_one(data):
    with pytest.raises(UnreadableFileError, match="the PDF is damaged"):
        read_pdf(data)


@pytest.mark.parametrize(
    "pages",
    ["<< /Type /Pages /Kids [2 0 R] /Count 1 >>", "<< /Type /Pages /Kids [2 0 R 2 0 R] /Count 99999999 >>"],
)
def test_a_tree_of_pages_that_contains_itself(pages):
    try:
        writer = read_pdf(pdf_of(["<< /Type /Catalog /Pages 2 0 R >>", pages]))
    except UnreadableFileError:
        return
    assert not writer.passages


@pytest.mark.parametrize("hyphen", ["\u0002", "\ufffe", "\u00ad"])
def test_a_word_divided_at_the_end_of_a_line_is_whole(hyphen):
    assert pdf_reader._HYPHENATED.sub("", f"self-ref{hyphen}\nerential") == "self-referential"
