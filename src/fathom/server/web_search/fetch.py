"""Fetching a page within limits of size, time and redirects."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from http.cookiejar import CookieJar, DefaultCookiePolicy

import httpx

from fathom import __version__
from fathom.server.web_search.addresses import AddressPolicy
from fathom.server.web_search.documents import is_document, is_readable
from fathom.server.web_search.errors import FetchError
from fathom.server.web_search.transport import CheckedTransport

USER_AGENT = f"Mozilla/5.0 (compatible; Fathom/{__version__}; reads single pages when a person asks)"
_HEADERS = {
    "User-Agent": USER_AGENT,
    "Accept": "text/html,application/xhtml+xml,text/plain;q=0.8,text/markdown;q=0.8,*/*;q=0.1",
    "Accept-Encoding": "gzip, deflate",
}
_PIECE = 2**16


@dataclass(frozen=True, slots=True)
class FetchLimits:
    """``bytes`` counts what a body unpacks to; of a larger page the beginning is kept, a larger document
    (``document_bytes``) is none.
    """

    seconds: float = 15.0
    bytes: int = 4 * 2**20
    document_bytes: int = 32 * 2**20
    redirects: int = 5
    url_length: int = 2000


@dataclass(frozen=True, slots=True)
class FetchedPage:
    """A page as the server sent it. ``charset`` is the one of the header, where it names one."""

    url: str
    final_url: str
    media_type: str
    charset: str | None
    body: bytes
    cut: bool


@dataclass
class PageFetcher:
    """Fetches pages. Keeps no cookie, sends no referrer, and connects only where ``policy`` allows."""

    policy: AddressPolicy = field(default_factory=AddressPolicy)
    limits: FetchLimits = field(default_factory=FetchLimits)

    _client: httpx.AsyncClient | None = field(default=None, init=False, repr=False)

    async def close(self) -> None:
        if self._client is not None:
            await self._client.aclose()

    async def fetch(self, address: str) -> FetchedPage:
        """The page at ``address``. Raises FetchError for whatever keeps it from being fetched."""
        try:
            async with asyncio.timeout(self.limits.seconds):
                return await self._follow(address, self._url(address))
        except (TimeoutError, httpx.TimeoutException):
            raise FetchError(f"{_short(address)} did not answer in {self.limits.seconds:g} s", "try again") from None
        except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:
            raise FetchError(
                f"{_short(address)} could not be fetched ({_reason(error)})", "check the address"
            ) from None

    def _open(self) -> httpx.AsyncClient:
        """The client, made for the first page: certificates take time and memory."""
        if self._client is None:
            self._client = httpx.AsyncClient(
                transport=CheckedTransport(self.policy),
                headers=_HEADERS,
                timeout=self.limits.seconds,
                cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),
                trust_env=False,
            )
        return self._client

    def _url(self, address: str) -> httpx.URL:
        if len(address) > self.limits.url_length:
            raise FetchError(f"the address has {len(address)} characters", f"at most {self.limits.url_length} are sent")
        url = httpx.URL(address.strip())
        return url.copy_with(fragment=None)

    async def _follow(self, address: str, url: httpx.URL) -> FetchedPage:
        for _ in range(self.limits.redirects + 1):
            async with self._open().stream("GET", url) as response:
                if response.next_request is None:
                    return await self._page(address, url, response)
                url = self._url(str(response.next_request.url))
        raise FetchError(f"{_short(address)} redirects more than {self.limits.redirects} times", "open another page")

    async def _page(self, address: str, url: httpx.URL, response: httpx.Response) -> FetchedPage:
        if not response.is_success:
            raise FetchError(f"{_short(address)} answered with status {response.status_code}", "open another page")
        media_type = response.headers.get("Content-Type", "text/html").partition(";")[0].strip().lower()
        if not is_readable(media_type):
            kind = media_type[:100] or "of no type"
            raise FetchError(f"{_short(address)} is {kind}, neither a page nor a document", "open another page")
        whole = is_document(media_type)
        most = self.limits.document_bytes if whole else self.limits.bytes
        body, cut = await _unpack_body(response, most)
        if cut and whole:
            raise FetchError(
                f"{_short(address)} is a document of more than {most / 2**20:,.0f} MB",
                "download it, and attach a part of it",
            )
        return FetchedPage(address, str(url), media_type, response.charset_encoding, body, cut)


async def _unpack_body(response: httpx.Response, most: int) -> tuple[bytes, bool]:
    """At most ``most`` bytes of a body, and whether there are more. No more than that is unpacked."""
    body = bytearray()
    async for piece in _pieces(response, most):
        body += piece
        if len(body) > most:
            return bytes(body[:most]), True
    return bytes(body), False


async def _pieces(response: httpx.Response, most: int) -> AsyncIterator[bytes]:
    coding = response.headers.get("Content-Encoding", "identity").strip().lower()
    raw = response.aiter_raw(_PIECE)
    if coding in ("", "identity"):
        async for piece in raw:
            yield piece
        return
    if coding not in ("gzip", "x-gzip", "deflate"):
        raise FetchError(f"the page is packed as {coding[:40]!r}, which was not asked for", "open another page")
    unpack = zlib.decompressobj(wbits=zlib.MAX_WBITS | 32) if coding != "deflate" else _Deflate()
    try:
        async for piece in raw:
            yield unpack.decompress(piece, most + 1)
    except zlib.error:
        raise FetchError("the page is packed and broken", "open another page") from None


class _Deflate:
    """``deflate`` as servers send it: with zlib's header, or without."""

    def __init__(self) -> None:
        self._unpack: zlib._Decompress | None = None

    def decompress(self, data: bytes, most: int) -> bytes:
        if self._unpack is None:
            header = len(data) > 1 and data[0] & 15 == 8 and (data[0] * 256 + data[1]) % 31 == 0
            self._unpack = zlib.decompressobj(zlib.MAX_WBITS if header else -zlib.MAX_WBITS)
        return self._unpack.decompress(data, most)


def _short(address: str) -> str:
    return address if len(address) <= 120 else address[:119] + "…"


def _reason(error: Exception) -> str:
    return str(error) or type(error).__name__
