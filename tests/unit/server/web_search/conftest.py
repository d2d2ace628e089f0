"""A small web, and a search over it that stores what it reads."""

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
    async def provider() -> SearchProvider:
        return SearxngProvider(site.url)

    fetcher = PageFetcher(AddressPolicy(frozenset({site.host})), FetchLimits(seconds=10))
    search = WebSearch(provider, WebPages(database), fetcher)
    yield search
    await search.close()
