"""SearXNG's JSON becomes results, and what keeps it from answering is said with the remedy."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest
from hostile_site import HEAD, hostile_site
from web_site import WebPage, WebSite, web_site

from fathom.server.web_search.addresses import AddressPolicy
from fathom.server.web_search.errors import WebSearchError
from fathom.server.web_search.results import SearchResult
from fathom.server.web_search.searxng import SearxngProvider
from fathom.server.web_search.transport import CheckedTransport


@pytest.fixture
def site() -> Iterator[WebSite]:
    with web_site() as running:
        yield running


async def test_results_in_their_order(site: WebSite) -> None:
    site.results = [("One", "/1", "first"), ("Two", "/2", "second"), ("One again", "/1#x", ""), ("Bad", "data:,x", "")]
    results = await SearxngProvider(site.url + "/").search("what & why?", 5)
    assert results == [SearchResult("One", f"{site.url}/1", "first"), SearchResult("Two", f"{site.url}/2", "second")]
    assert site.queries == ["what & why?"]
    assert len(await SearxngProvider(site.url + "/search").search("x", 1)) == 1


@pytest.mark.parametrize(
    ("page", "message"),
    [
        (WebPage(b"", status=403), "refuses the JSON format; add 'json' to search.formats"),
        (WebPage(b"", status=429), "limits this server's requests"),
        (WebPage(b"", status=302, headers={"Location": "/"}), "answered with status 302"),
        (WebPage(b"<html>"), "does not answer in JSON"),
        (WebPage(b"[" * 100_000), "does not answer in JSON"),
        (WebPage(b"[]", "application/json"), "is no SearXNG"),
        (WebPage(b"x" * (5 * 2**20)), "sends more than 4 MB"),
    ],
)
async def test_what_is_no_answer_says_why(page: WebPage, message: str, site: WebSite) -> None:
    site.search_page = page
    with pytest.raises(WebSearchError, match=message):
        await SearxngProvider(site.url).search("x", 5)


async def test_an_instance_that_drips_ends_at_the_limit() -> None:
    async def drip() -> AsyncIterator[bytes]:
        yield HEAD
        while True:
            await asyncio.sleep(0.02)
            yield b" "

    async with hostile_site({"/search?q=x&format=json": drip}) as site:
        with pytest.raises(WebSearchError, match=r"did not answer in 0\.2 s"):
            await SearxngProvider(site.url, seconds=0.2).search("x", 5)


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "not an address", "http://[", "ftp://a.example"])
async def test_an_address_without_a_server(url: str) -> None:
    with pytest.raises(WebSearchError, match="cannot be reached"):
        await SearxngProvider(url).search("x", 5)


async def test_a_guarded_instance_is_not_asked_inside_the_network(site: WebSite) -> None:
    provider = SearxngProvider(site.url, CheckedTransport(AddressPolicy()))
    with pytest.raises(WebSearchError, match="leads into this machine"):
        await provider.search("x", 5)
    assert site.queries == []


async def test_a_silent_instance_ends_at_the_limit(site: WebSite) -> None:
    site.search_page = WebPage(b"{}", wait=0.5)
    with pytest.raises(WebSearchError, match=r"did not answer in 0\.05 s"):
        await SearxngProvider(site.url, seconds=0.05).search("x", 5)
