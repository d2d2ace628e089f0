"""A search over a small web that stores what it reads, as tests of the server need it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from web_site import WebSite, web_site

from fathom.server.store.database import Database
from fathom.server.web_search.addresses import AddressPolicy
from fathom.server.web_search.fetch import FetchLimits, PageFetcher
from fathom.server.web_search.pages import WebPages
from fathom.server.web_search.results import SearchProvider
from fathom.server.web_search.search import WebSearch
from fathom.server.web_search.searxng import SearxngProvider


def search_over(site: WebSite, database: Database) -> WebSearch:
    """A search that asks ``site``, and may fetch from it alone."""

    async def provider() -> SearchProvider:
        return SearxngProvider(site.url)

    fetcher = PageFetcher(AddressPolicy(frozenset({site.host})), FetchLimits(seconds=10))
    return WebSearch(provider, WebPages(database), fetcher)


@pytest.fixture
def site() -> Iterator[WebSite]:
    with web_site() as running:
        yield running


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    database = Database(f"sqlite+aiosqlite:///{tmp_path / 'fathom.db'}", tmp_path)
    yield database
    await database.close()


@pytest.fixture
async def search(site: WebSite, database: Database) -> AsyncIterator[WebSearch]:
    search = search_over(site, database)
    yield search
    await search.close()
