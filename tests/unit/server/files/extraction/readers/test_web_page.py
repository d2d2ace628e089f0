"""The article of a page, or all of its text."""

import io

from made_files import WrittenPassages
from web_site import article

from fathom.server.files.extraction.readers.web_page import read


def written(markup: bytes) -> WrittenPassages:
    writer = WrittenPassages()
    read(io.BytesIO(markup), writer)
    return writer


def test_an_article_with_title_and_date() -> None:
    writer = written(article("The opera", "The opera house opened in 1959, and it is large. " * 8).body)
    assert (writer.title, writer.facts["date"]) == ("The opera", "2026-03-01")
    assert "imprint" not in writer.text


def test_a_short_page_is_taken_whole() -> None:
    writer = written("<title>Öffnungszeiten</title><p>Von 9 bis 17 Uhr".encode())
    assert (writer.title, writer.text) == ("Öffnungszeiten", "Von 9 bis 17 Uhr\n")
