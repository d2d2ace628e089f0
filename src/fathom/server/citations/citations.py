"""The citations of an answer: for each source it uses, what it quotes of it and whether that is there.

``supported`` is true where every quote is in the source, false where one is not, and null where the answer quotes
nothing of it: that a sentence in the answer's own words follows from a page is not decided here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from fathom.server.citations.claims import CitedClaim, cited_claims
from fathom.server.citations.nearest import nearest_sentence
from fathom.server.citations.quotes import QuotableText, QuotePlace, word_count

LEAST_WORDS = 3
"""Fewer words in marks of quotation are a name or an irony."""
_MOST_QUOTES = 20
_LONGEST_QUOTE = 1000
_AROUND = 120


@dataclass(frozen=True, slots=True)
class CitableSource:
    """Something an answer may cite. ``id`` is that of the page or file, ``text`` all that was read of it."""

    number: int
    kind: Literal["web", "file"]
    title: str
    id: str
    text: str = field(repr=False)
    url: str | None = None
    place: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class SourceUse:
    """One source with what the answer takes from it. ``passage`` is the place in the source nearest to the claim."""

    source: CitableSource
    quote: str | None
    supported: bool | None
    passage: str | None
    checks: tuple[tuple[str, bool], ...] = ()

    def part(self) -> dict[str, Any]:
        """The part of a message: ``{"type": "citation", …}``."""
        return {
            "type": "citation",
            "number": self.source.number,
            "kind": self.source.kind,
            "title": self.source.title,
            "url": self.source.url,
            "source": self.source.id,
            "place": self.source.place,
            "quote": self.quote,
            "supported": self.supported,
            "passage": self.passage,
            "checks": [{"quote": quote, "supported": supported} for quote, supported in self.checks],
        }


def cite(answer: str, sources: Sequence[CitableSource]) -> list[SourceUse]:
    """A citation for each source that ``answer`` uses, in the order of first use. Takes a while for long sources."""
    by_number = {source.number: source for source in sources}
    claims: dict[int, list[CitedClaim]] = {}
    for claim in cited_claims(answer, by_number):
        claims.setdefault(claim.number, []).append(claim)
    return [_citation(by_number[number], uses) for number, uses in claims.items()]


def _citation(source: CitableSource, uses: Sequence[CitedClaim]) -> SourceUse:
    quotes = dict.fromkeys(quote for use in uses for quote in use.quotes if word_count(quote) >= LEAST_WORDS)
    text = QuotableText(source.text) if quotes else None
    places = {quote: text.find(quote) if text else None for quote in list(quotes)[:_MOST_QUOTES]}
    checks = tuple((quote[:_LONGEST_QUOTE], place is not None) for quote, place in places.items())
    missing = [quote for quote, supported in checks if not supported]
    place = next((place for place in places.values() if place is not None), None)
    if place is None:
        place = nearest_sentence(" ".join(use.text for use in uses), source.text)
    return SourceUse(
        source,
        quote=missing[0] if missing else checks[0][0] if checks else None,
        supported=not missing if checks and source.text else None,
        passage=_passage(source.text, place) if place else None,
        checks=checks,
    )


def _passage(text: str, place: QuotePlace) -> str:
    """The words at a place with some around them, whole words, on one line."""
    start, end = max(0, place.start - _AROUND), min(len(text), place.end + _AROUND)
    before, after = text[start : place.start], text[place.end : end]
    if start and " " in before:
        before = before.partition(" ")[2]
    if end < len(text) and " " in after:
        after = after.rpartition(" ")[0]
    shown = " ".join((before + text[place.start : place.end] + after).split())
    return f"{'… ' if start else ''}{shown[:_LONGEST_QUOTE]}{' …' if end < len(text) else ''}"
