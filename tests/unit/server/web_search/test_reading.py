"""The text of pages, as a confined process reads it."""

from contextlib import suppress
from dataclasses import replace

import pytest
from made_files import docx, paragraph, pdf, sheet_xml, xlsx_of_sheet
from web_site import article

from fathom.server.files.extraction.reader import ReadingLimits
from fathom.server.web_search.errors import FetchError
from fathom.server.web_search.fetch import FetchedPage
from fathom.server.web_search.reading import read_page

SENTENCE = "The opera house of the town opened in 1959, and the town has paid for it ever since. "


def page(body: bytes, media_type: str = "text/html", charset: str | None = None) -> FetchedPage:
    return FetchedPage("http://a.example/x", "http://a.example/y", media_type, charset, body, False)


async def test_an_article_without_what_is_around_it() -> None:
    read = await read_page(page(article("The opera", SENTENCE * 3, SENTENCE * 2).body))
    assert (read.title, read.date) == ("The opera", "2026-03-01")
    assert "opened in 1959" in read.text
    assert "imprint" not in read.text
    assert (read.url, read.final_url) == ("http://a.example/x", "http://a.example/y")


async def test_a_page_that_is_no_article_gives_all_its_text() -> None:
    read = await read_page(page(b"<title>Hours</title><p>Open from 9 to 5"))
    assert (read.title, read.text) == ("Hours", "Open from 9 to 5")


async def test_the_charset_of_the_header_counts_more_than_the_page() -> None:
    read = await read_page(page("<meta charset='ascii'><p>Деревья зелёные</p>".encode("koi8-r"), charset="koi8-r"))
    assert read.text == "Деревья зелёные"
    read = await read_page(page("<meta charset='koi8-r'><p>Деревья зелёные</p>".encode("koi8-r")))
    assert read.text == "Деревья зелёные"


@pytest.mark.parametrize("charset", ["nonsense", "utf-8", "utf-16", "ascii", "rot13", "zip", "idna", "Punycode"])
async def test_a_wrong_charset_breaks_no_page(charset: str) -> None:
    read = await read_page(page("<p>Деревья зелёные, and more</p>".encode(), charset=charset))
    assert read.text


async def test_plain_text_is_itself() -> None:
    read = await read_page(page(b"one\n\n<b>two</b>", "text/plain"))
    assert (read.title, read.text) == ("a.example", "one\n\n<b>two</b>")


@pytest.mark.parametrize("media_type", ["application/pdf", "application/octet-stream", "text/html"])
async def test_a_pdf_under_whatever_type_has_its_pages(media_type: str) -> None:
    read = await read_page(page(pdf(["First page", None, "Third page"]), media_type))
    assert read.text == "First page\nThird page"
    assert read.places == ((0, {"page": 1}), (11, {"page": 3}))


async def test_documents_are_named_by_their_file_and_read_as_attached_ones_are() -> None:
    office = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
    fetched = FetchedPage("http://a.example/x", "http://a.example/a%20b.docx", office, None, b"", False)
    read = await read_page(replace(fetched, body=docx(paragraph("One") + paragraph("Two"))))
    assert (read.title, read.text, read.places) == ("a b.docx", "One\n\nTwo", ())
    cells = '<row r="1"><c r="A1" t="inlineStr"><is><t>Year</t></is></c></row>'
    sheet = await read_page(replace(fetched, body=xlsx_of_sheet(sheet_xml(cells))))
    assert sheet.places == ((0, {"sheet": "S", "cells": "A1:A1"}),)


async def test_markup_that_a_server_calls_a_pdf_is_a_web_page() -> None:
    read = await read_page(page(article("The opera", SENTENCE * 3).body, "application/pdf"))
    assert "opened in 1959" in read.text
    assert "<p>" not in read.text


async def test_a_broken_document_says_what_is_wrong() -> None:
    with pytest.raises(FetchError, match="the PDF is damaged"):
        await read_page(page(b"%PDF-1.7 nothing", "application/pdf"))
    with pytest.raises(FetchError, match="has no text that can be read"):
        await read_page(page(pdf([None]), "application/pdf"))


@pytest.mark.parametrize("body", [b"", b"<script>app()</script>", b"<html><body></body></html>"])
async def test_a_page_without_text_says_so(body: bytes) -> None:
    with pytest.raises(FetchError, match=r"has no text without scripts|cannot be read"):
        await read_page(page(body))


async def test_a_hostile_page_ends_at_the_limits() -> None:
    limits = ReadingLimits(wall_seconds=20, cpu_seconds=1, max_characters=10_000)
    for body in (b"<div>" * 100_000 + b"text", b"<table><tr><td>" * 20_000 + b"a"):
        with suppress(FetchError):
            read = await read_page(page(body), limits)
            assert len(read.text) <= 10_100
