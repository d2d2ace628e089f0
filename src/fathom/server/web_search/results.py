"""Results of a search, as every provider returns them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import urlsplit

_LONGEST = {"title": 300, "snippet": 1000, "url": 2000}


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
    kept: dict[tuple[str, str, str], SearchResult] = {}
    for result in results:
        parts = urlsplit(result.url)
        host = (parts.hostname or "").removeprefix("www.")
        kept.setdefault((host, parts.path.rstrip("/"), parts.query), result)
    return list(kept.values())


def _line(value: object, field: str) -> str:
    text = value if isinstance(value, str) else ""
    return re.sub(r"\s+", " ", text).strip()[: _LONGEST[field]]


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
