"""Stored pages as numbered sources: for the model the passages that answer a question, for the reader their citations.

A web page is one source. Of a document each page, slide, sheet or chapter of which something is shown has a number of
its own, so that a citation leads to the place.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fathom.server.conversations.context import Citation
from fathom.server.web_search.pages import StoredPage
from fathom.server.web_search.passages import choose_passages
from fathom.server.web_search.prompt import ShownSource, source_text


@dataclass(frozen=True, slots=True)
class FoundPage:
    """``complete``: it was read; else its text is what the search engine says of it."""

    page: StoredPage
    complete: bool = True


@dataclass(frozen=True, slots=True)
class NumberedSources:
    """``text`` is for the model, ``citations`` in the order of their numbers."""

    text: str
    citations: tuple[Citation, ...]


def number_sources(question: str, pages: Sequence[FoundPage], *, tokens: int, first: int) -> NumberedSources:
    """The sections of ``pages`` that have most to do with ``question``, numbered from ``first`` on."""
    sections = [one.page.sections for one in pages]
    chosen = choose_passages(question, [[section.text for section in each] for each in sections], tokens)
    shown: list[ShownSource] = []
    citations: list[Citation] = []
    for one, each, texts in zip(pages, sections, chosen, strict=True):
        for section, text in zip(each, texts, strict=True):
            if not text:
                continue
            number, page = first + len(shown), one.page
            shown.append(ShownSource(number, page.title, page.final_url, text, one.complete, section.place))
            url = _address(page.final_url, section.place)
            citations.append(Citation(number, "web", page.title, page.id, url, section.place))
    return NumberedSources(source_text(shown), tuple(citations))


def _address(url: str, place: Mapping[str, Any] | None) -> str:
    """The address that opens a document at the page (RFC 8118, section 3)."""
    return f"{url}#page={place['page']}" if place and "page" in place else url
