"""Results of a search, as every provider returns them."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import urlsplit

_LONGEST = {"title": 300, "snippet": 1000, "url": 2000}
_HIDDEN = re.compile("[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""Control characters, halves of surrogate pairs (databases refuse both), and marks that turn a line's direction."""
_FUSION = 60
"""The constant k of reciprocal rank fusion, as published."""


@dataclass(frozen=True, slots=True)
class SearchResult:
    """One page that a provider names. ``snippet`` is the provider's, and no quote of the page."""

    title: str
    url: str
    snippet: str = ""
    date: str | None = None


class SearchProvider(Protocol):
    """A service that answers a query with results, best first. Raises WebSearchError where it cannot."""

    @property
    def name(self) -> str: ...

    async def search(self, query: str, count: int) -> list[SearchResult]: ...


def clean_result(title: object, url: object, snippet: object, date: object = None) -> SearchResult | None:
    """A result of a provider's fields, each bounded and on one line; None where the address is none of the web."""
    address = _line(url, "url")
    parts = urlsplit(address) if _is_address(address) else None
    if parts is None or parts.scheme not in ("http", "https") or not parts.hostname:
        return None
    name = _line(title, "title") or parts.hostname
    return SearchResult(name, address, _line(snippet, "snippet"), _date(date))


def distinct(results: Iterable[SearchResult]) -> list[SearchResult]:
    """The first result for each address; a fragment, a slash at the end and ``www.`` make no other address."""
    kept: dict[object, SearchResult] = {}
    for result in results:
        kept.setdefault(_address(result), result)
    return list(kept.values())


def fuse_rankings(rankings: Iterable[Sequence[SearchResult]]) -> list[SearchResult]:
    """One list of the distinct results of several, by reciprocal rank fusion (Cormack et al., SIGIR 2009, eq. 1)."""
    scores: dict[object, float] = defaultdict(float)
    every: list[SearchResult] = []
    for ranking in rankings:
        results = distinct(ranking)
        every += results
        for rank, result in enumerate(results, 1):
            scores[_address(result)] += 1 / (_FUSION + rank)
    return sorted(distinct(every), key=lambda result: -scores[_address(result)])


def _address(result: SearchResult) -> tuple[str, int | None, str, str]:
    """What makes an address another one."""
    parts = urlsplit(result.url)
    port = None if parts.port in (80, 443) else parts.port
    return (parts.hostname or "").removeprefix("www."), port, parts.path.rstrip("/"), parts.query


def _line(value: object, field: str) -> str:
    text = value if isinstance(value, str) else ""
    return re.sub(r"\s+", " ", _HIDDEN.sub("", text)).strip()[: _LONGEST[field]]


def _is_address(text: str) -> bool:
    try:
        urlsplit(text).port  # noqa: B018 - reading it validates it
    except ValueError:
        return False
    return len(text) < _LONGEST["url"]


def _date(value: object) -> str | None:
    """The day of a date in ISO form, as providers send it with or without a time."""
    match = re.match(r"\d{4}-\d{2}-\d{2}", value) if isinstance(value, str) else None
    return match.group() if match else None
