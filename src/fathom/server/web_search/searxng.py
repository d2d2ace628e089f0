"""SearXNG, a metasearch engine that people host themselves, by its JSON format.

https://docs.searxng.org/dev/search_api.html
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from typing import Any

import httpx

from fathom.server.web_search.errors import FetchError, WebSearchError
from fathom.server.web_search.fetch import USER_AGENT
from fathom.server.web_search.results import SearchResult, clean_result, distinct

_MOST_BYTES = 4 * 2**20
_JSON_REMEDY = "add 'json' to search.formats in its settings.yml"


@dataclass
class SearxngProvider:
    """Asks the instance at ``url``. ``transport`` decides where requests may go; none means anywhere."""

    url: str
    transport: httpx.AsyncBaseTransport | None = None
    seconds: float = 10.0
    name: str = field(default="searxng", init=False)

    async def search(self, query: str, count: int) -> list[SearchResult]:
        answer = await self._ask(query)
        entries = answer.get("results")
        if not isinstance(entries, list):
            raise WebSearchError(f"{self.url} is no SearXNG: its answer holds no results", "check the address")
        results = [_result(entry) for entry in entries if isinstance(entry, dict)]
        return distinct(result for result in results if result is not None)[:count]

    async def _ask(self, query: str) -> dict[str, Any]:
        address = f"{self.url.rstrip('/').removesuffix('/search')}/search"
        try:
            async with (
                asyncio.timeout(self.seconds),
                httpx.AsyncClient(
                    transport=self.transport, timeout=self.seconds, headers={"User-Agent": USER_AGENT}
                ) as client,
                client.stream("GET", address, params={"q": query, "format": "json"}) as response,
            ):
                return await self._answer(response)
        except (TimeoutError, httpx.TimeoutException):
            raise WebSearchError(f"{self.url} did not answer in {self.seconds:g} s", "is SearXNG running?") from None
        except (httpx.HTTPError, httpx.InvalidURL, UnicodeError, FetchError) as error:
            raise WebSearchError(f"{self.url} cannot be reached ({error})", "is SearXNG running there?") from None

    async def _answer(self, response: httpx.Response) -> dict[str, Any]:
        if response.status_code == 403:
            raise WebSearchError(f"{self.url} refuses the JSON format", _JSON_REMEDY)
        if response.status_code == 429:
            raise WebSearchError(f"{self.url} limits this server's requests", "turn off its limiter, or wait")
        if not response.is_success:
            raise WebSearchError(f"{self.url} answered with status {response.status_code}", "check the address")
        body = bytearray()
        async for piece in response.aiter_bytes(2**16):
            body += piece
            if len(body) > _MOST_BYTES:
                raise WebSearchError(f"{self.url} sends more than {_MOST_BYTES >> 20} MB", "check the address")
        try:
            answer = json.loads(body)
        except (ValueError, RecursionError):
            raise WebSearchError(f"{self.url} does not answer in JSON", _JSON_REMEDY) from None
        return answer if isinstance(answer, dict) else {}


def _result(entry: dict[str, Any]) -> SearchResult | None:
    return clean_result(entry.get("title"), entry.get("url"), entry.get("content"), entry.get("publishedDate"))
