"""Stored pages as numbered sources."""

from typing import Any

from fathom.server.web_search.numbering import FoundPage, number_sources
from fathom.server.web_search.pages import StoredPage


def stored(name: str, text: str, places: list[Any] | None = None) -> StoredPage:
    return StoredPage(name, f"http://{name}.example", f"http://{name}.example", name.upper(), text, places or [], 0)


def test_a_page_is_one_source_and_a_document_one_a_place() -> None:
    book = stored("b", "opera one opera two", [[0, {"page": 8}], [10, {"page": 9}]])
    numbered = number_sources("opera", [FoundPage(stored("a", "opera")), FoundPage(book, False)], tokens=100, first=5)
    assert [(c.number, c.source, c.url, c.place) for c in numbered.citations] == [
        (5, "a", "http://a.example", None),
        (6, "b", "http://b.example#page=8", {"page": 8}),
        (7, "b", "http://b.example#page=9", {"page": 9}),
    ]
    assert 'place="page 9" part="summary by the search engine">\nopera two\n' in numbered.text


def test_what_does_not_fit_has_no_number() -> None:
    numbered = number_sources("opera", [FoundPage(stored("a", "opera"))], tokens=0, first=1)
    assert (numbered.text, numbered.citations) == ("", ())
