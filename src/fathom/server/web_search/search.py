"""Search: results of a provider, their pages fetched, read and stored, and what a model is shown of them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace

from fathom.server.conversations.context import Citation
from fathom.server.web_search.errors import FetchError
from fathom.server.web_search.fetch import PageFetcher
from fathom.server.web_search.numbering import FoundPage, number_sources
from fathom.server.web_search.pages import StoredPage, WebPages
from fathom.server.web_search.reading import ReadPage, read_page
from fathom.server.web_search.results import SearchProvider, SearchResult

RESULTS = 5
_READERS = 2
_TOKENS = 6000
_LEAST_TOKENS = 300
"""A page of which fewer tokens fit is not worth its fetch."""


@dataclass(frozen=True, slots=True)
class FoundSources:
    """``text`` is for the model, ``citations`` in the order of their numbers; ``failures`` says what was not read."""

    query: str
    text: str
    citations: tuple[Citation, ...]
    failures: tuple[str, ...] = ()


@dataclass
class WebSearch:
    """``provider`` returns the one that is set now. Its results and pages are known afterwards (`knows`)."""

    provider: Callable[[], Awaitable[SearchProvider]]
    pages: WebPages
    fetcher: PageFetcher
    _reading: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_READERS), init=False)
    _known: dict[str, None] = field(default_factory=dict, init=False)

    async def close(self) -> None:
        await self.fetcher.close()

    def knows(self, url: str) -> bool:
        """Whether a search of this process named the address."""
        return url in self._known

    async def sources(
        self, query: str, question: str, *, first: int = 1, tokens: int = _TOKENS, report: Callable[[str], None]
    ) -> FoundSources:
        """Search, read the first results, and choose what answers ``question`` within ``tokens``.

        Raises WebSearchError where the provider fails. Pages that fail are shown by the provider's summary.
        """
        count = max(1, min(RESULTS, tokens // _LEAST_TOKENS))
        report(f"searching: {query}")
        results = (await (await self.provider()).search(query, count + 3))[:count]
        self._remember(results)
        if not results:
            return FoundSources(query, "The search found nothing.", ())
        report(f"reading {len(results)} pages" if len(results) > 1 else "reading a page")
        read = await asyncio.gather(*(self._page(result) for result in results))
        failures = tuple(failure for _, failure in read if failure)
        pages = [FoundPage(page, not failure) for page, failure in read if page is not None]
        numbered = await asyncio.to_thread(
            number_sources, f"{query} {question}", pages, tokens=min(tokens, _TOKENS), first=first
        )
        citations = tuple(replace(citation, query=query) for citation in numbered.citations)
        return FoundSources(query, numbered.text, citations, failures)

    async def open(self, url: str) -> StoredPage:
        """The page at ``url``, fetched unless it was within the last hour. Raises FetchError."""
        page = await self.pages.recent(url)
        if page is not None:
            return page
        fetched = await self.fetcher.fetch(url)
        async with self._reading:
            read = await read_page(fetched)
        return await self.pages.add(read)

    async def _page(self, result: SearchResult) -> tuple[StoredPage | None, str]:
        """The page of a result; or what the provider says of it, and why it could not be read."""
        try:
            return await self.open(result.url), ""
        except FetchError as error:
            failure = error.message
        if not result.snippet:
            return None, failure
        summary = ReadPage(result.url, result.url, result.title, result.snippet)
        return await self.pages.add(summary), failure

    def _remember(self, results: Sequence[SearchResult]) -> None:
        for result in results:
            self._known[result.url] = None
        while len(self._known) > 10_000:
            del self._known[next(iter(self._known))]
