"""Pages are fetched within limits, and what keeps one from being fetched is said."""

import asyncio
import gzip
import zlib
from collections.abc import AsyncIterator, Iterator

import pytest
from hostile_site import HEAD, hostile_site
from web_site import WebPage, WebSite, article, web_site

from fathom.server.web_search.addresses import AddressPolicy
from fathom.server.web_search.errors import AddressRefusedError, FetchError
from fathom.server.web_search.fetch import FetchLimits, PageFetcher


@pytest.fixture
def site() -> Iterator[WebSite]:
    with web_site() as running:
        yield running


@pytest.fixture
async def fetcher(site: WebSite) -> AsyncIterator[PageFetcher]:
    limits = FetchLimits(seconds=5, bytes=10_000, redirects=2)
    running = PageFetcher(AddressPolicy(frozenset({site.host})), limits)
    yield running
    await running.close()


async def test_a_page_with_its_type_and_charset(site: WebSite, fetcher: PageFetcher) -> None:
    site.pages["/a"] = WebPage("grün".encode("latin-1"), "text/html; charset=iso-8859-1")
    page = await fetcher.fetch(f"{site.url}/a#part")
    assert (page.media_type, page.charset, page.body, page.cut) == ("text/html", "iso-8859-1", b"gr\xfcn", False)
    assert page.final_url == f"{site.url}/a"


async def test_the_request_says_who_asks_and_nothing_else(site: WebSite, fetcher: PageFetcher) -> None:
    site.pages["/a"] = WebPage(b"x", headers={"Set-Cookie": "id=1; Path=/"})
    await fetcher.fetch(f"{site.url}/a")
    await fetcher.fetch(f"{site.url}/a")
    headers = site.requests[1][1]
    assert "Fathom/" in headers["User-Agent"]
    assert not {"Cookie", "Referer", "Authorization"} & set(headers)


async def test_redirects_are_followed_and_counted(site: WebSite, fetcher: PageFetcher) -> None:
    for name, target in [("/1", "/2"), ("/2", "/3"), ("/3", "/4")]:
        site.pages[name] = WebPage(status=302, headers={"Location": target})
    site.pages["/4"] = article("Four", "text")
    assert (await fetcher.fetch(f"{site.url}/2")).final_url == f"{site.url}/4"
    with pytest.raises(FetchError, match="redirects more than 2 times"):
        await fetcher.fetch(f"{site.url}/1")


@pytest.mark.parametrize("target", ["http://127.0.0.1:1/", "http://169.254.169.254/latest", "file:///etc/passwd"])
async def test_a_redirect_into_the_own_network_is_refused(target: str, site: WebSite, fetcher: PageFetcher) -> None:
    site.pages["/away"] = WebPage(status=301, headers={"Location": target})
    with pytest.raises(FetchError):
        await fetcher.fetch(f"{site.url}/away")
    assert site.paths() == ["/away"]


@pytest.mark.parametrize(
    ("coding", "pack"),
    [
        ("gzip", gzip.compress),
        ("deflate", zlib.compress),
        ("deflate", lambda data: zlib.compress(data)[2:-4]),
        ("identity", bytes),
    ],
)
async def test_packed_pages(coding: str, pack: object, site: WebSite, fetcher: PageFetcher) -> None:
    text = b"<p>text</p>" * 200
    site.pages["/packed"] = WebPage(pack(text), headers={"Content-Encoding": coding})  # type: ignore[operator]
    assert (await fetcher.fetch(f"{site.url}/packed")).body == text


async def test_a_bomb_unpacks_to_no_more_than_the_limit(site: WebSite, fetcher: PageFetcher) -> None:
    site.pages["/bomb"] = WebPage(gzip.compress(bytes(50 * 2**20)), headers={"Content-Encoding": "gzip"})
    page = await fetcher.fetch(f"{site.url}/bomb")
    assert (len(page.body), page.cut) == (10_000, True)


async def test_a_large_page_keeps_its_beginning(site: WebSite, fetcher: PageFetcher) -> None:
    site.pages["/large"] = WebPage(b"x" * 10_001)
    page = await fetcher.fetch(f"{site.url}/large")
    assert (len(page.body), page.cut) == (10_000, True)


@pytest.mark.parametrize(
    ("page", "message"),
    [
        (WebPage(b"no", status=404), "answered with status 404"),
        (WebPage(b"PK", "application/zip"), "is application/zip, neither a page nor a document"),
        (WebPage(b"x", headers={"Content-Encoding": "br"}), "packed as 'br', which was not asked for"),
        (WebPage(b"not gzip", headers={"Content-Encoding": "gzip"}), "packed and broken"),
    ],
)
async def test_what_is_no_page_says_why(page: WebPage, message: str, site: WebSite, fetcher: PageFetcher) -> None:
    site.pages["/odd"] = page
    with pytest.raises(FetchError, match=message):
        await fetcher.fetch(f"{site.url}/odd")


async def test_a_page_without_a_type_is_read_as_html(site: WebSite, fetcher: PageFetcher) -> None:
    site.pages["/bare"] = WebPage(b"<p>x", media_type=None)
    assert (await fetcher.fetch(f"{site.url}/bare")).media_type == "text/html"


async def test_a_silent_server_ends_at_the_limit(site: WebSite) -> None:
    site.pages["/slow"] = WebPage(b"x", wait=0.5)
    fetcher = PageFetcher(AddressPolicy(frozenset({site.host})), FetchLimits(seconds=0.05))
    with pytest.raises(FetchError, match=r"did not answer in 0\.05 s"):
        await fetcher.fetch(f"{site.url}/slow")
    await fetcher.close()


async def test_a_name_that_turns_private_between_two_redirects_is_refused(site: WebSite) -> None:
    answers = [["127.0.0.1"], ["10.9.9.9"]]

    async def resolver(host: str, port: int) -> list[str]:
        return answers.pop(0)

    port = site.url.rpartition(":")[2]
    policy = AddressPolicy(frozenset({f"first.example:{port}"}), resolver)
    site.pages["/"] = WebPage(status=302, headers={"Location": f"http://second.example:{port}/secret"})
    fetcher = PageFetcher(policy)
    with pytest.raises(AddressRefusedError, match=r"second\.example leads into this machine"):
        await fetcher.fetch(f"http://first.example:{port}/")
    assert site.paths() == ["/"]
    await fetcher.close()


async def test_a_redirect_to_itself_ends(site: WebSite, fetcher: PageFetcher) -> None:
    site.pages["/loop"] = WebPage(status=307, headers={"Location": "/loop"})
    with pytest.raises(FetchError, match="redirects more than 2 times"):
        await fetcher.fetch(f"{site.url}/loop")
    assert len(site.requests) == 3


async def endless(head: bytes, piece: bytes, seconds: float = 0.0) -> AsyncIterator[bytes]:
    yield head
    while True:
        await asyncio.sleep(seconds)
        yield piece


async def test_a_body_without_end_is_cut_and_left() -> None:
    async with hostile_site({"/": lambda: endless(HEAD, b"x" * 4096)}) as site:
        fetcher = PageFetcher(AddressPolicy(frozenset({site.host})), FetchLimits(seconds=10, bytes=10_000))
        page = await fetcher.fetch(f"{site.url}/")
        assert (len(page.body), page.cut) == (10_000, True)
        await fetcher.close()
        while not site.left:
            await asyncio.sleep(0)


async def test_a_document_without_end_is_refused() -> None:
    head = HEAD.replace(b"text/html", b"application/pdf")
    async with hostile_site({"/": lambda: endless(head, b"x" * 4096)}) as site:
        limits = FetchLimits(seconds=10, document_bytes=2**20)
        fetcher = PageFetcher(AddressPolicy(frozenset({site.host})), limits)
        with pytest.raises(FetchError, match="is a document of more than 1 MB; download it"):
            await fetcher.fetch(f"{site.url}/")
        await fetcher.close()


@pytest.mark.parametrize(
    ("head", "piece"),
    [(HEAD, b"x"), (b"HTTP/1.1 200 OK\r\nX-A: ", b"x"), (HEAD[:-2] + b"Content-Encoding: gzip\r\n\r\n", b"")],
    ids=["body", "headers", "silence"],
)
async def test_a_server_that_drips_ends_at_the_limit(head: bytes, piece: bytes) -> None:
    async with hostile_site({"/": lambda: endless(head, piece, 0.02)}) as site:
        fetcher = PageFetcher(AddressPolicy(frozenset({site.host})), FetchLimits(seconds=0.2))
        with pytest.raises(FetchError, match=r"did not answer in 0\.2 s"):
            await fetcher.fetch(f"{site.url}/")
        await fetcher.close()


@pytest.mark.parametrize(
    "address", ["file:///etc/passwd", "gopher://a.example/", "ftp://a.example/", "data:text/html,x"]
)
async def test_other_schemes_are_refused(address: str, fetcher: PageFetcher) -> None:
    with pytest.raises(FetchError):
        await fetcher.fetch(address)


@pytest.mark.parametrize(
    "address", ["", "not an address", "http://", "http://[::1", "http://a\x00b/", "javascript:1", "http://xn--/"]
)
async def test_what_is_no_address_is_refused(address: str, fetcher: PageFetcher) -> None:
    with pytest.raises(FetchError):
        await fetcher.fetch(address)


async def test_a_long_address_is_refused_before_it_is_sent(site: WebSite, fetcher: PageFetcher) -> None:
    """Text in an address leaves this machine: a page must not have the model send much of it."""
    with pytest.raises(FetchError, match="the address has"):
        await fetcher.fetch(f"{site.url}/?{'x' * 2000}")
    assert site.requests == []


async def test_the_loopback_is_refused_without_the_setting(site: WebSite) -> None:
    fetcher = PageFetcher()
    with pytest.raises(AddressRefusedError):
        await fetcher.fetch(site.url)
    await fetcher.close()
