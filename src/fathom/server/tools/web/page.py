"""Opening one page as a tool."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from fathom.server.tools.tool import CallContext, ToolError, ToolResult
from fathom.server.web_search.errors import FetchError
from fathom.server.web_search.numbering import FoundPage, number_sources
from fathom.server.web_search.prompt import RULES, source_tokens
from fathom.server.web_search.search import WebSearch

MentionsUrl = Callable[[str, str], Awaitable[bool]]
"""Whether the reader wrote an address in a conversation (ids and address)."""


class OpenPageTool:
    """Reads one page that a search named or the reader wrote down.

    Others are refused: a page that the model read could make it send what it knows as a part of an address.
    """

    name = "open_page"
    title = "Open a page"
    description = (
        "Reads one web page: an address from the results of web_search, or one that the reader wrote. Returns its text "
        "as a numbered source; of a long page the passages that match `looking_for`."
    )
    parameters: Mapping[str, Any] = {
        "type": "object",
        "properties": {
            "url": {"type": "string", "maxLength": 2000},
            "looking_for": {"type": "string", "maxLength": 300, "description": "what to look for on a long page"},
        },
        "required": ["url"],
        "additionalProperties": False,
    }
    repeatable = True
    effects = False
    seconds = 60.0

    def __init__(self, search: WebSearch, mentions: MentionsUrl) -> None:
        self._search = search
        self._mentions = mentions

    async def call(self, arguments: Mapping[str, Any], context: CallContext) -> ToolResult:
        url, wanted = arguments.get("url"), arguments.get("looking_for", "")
        if not isinstance(url, str) or not url:
            raise ToolError("there is no address", 'call it with {"url": "https://…"}')
        if not url.startswith(("http://", "https://")):
            raise ToolError(f"{url[:100]!r} is no address of the web", "open one that begins with https:// or http://")
        if not self._search.knows(url) and not await self._mentions(context.conversation, url):
            raise ToolError(
                "neither a search nor the reader named this address",
                "search first, and open an address from the results exactly as it is",
            )
        context.report(f"reading {url[:100]}")
        try:
            page = await self._search.open(url)
        except FetchError as error:
            raise ToolError(error.message, error.remedy) from None
        sources = await asyncio.to_thread(
            number_sources,
            str(wanted) or page.title,
            [FoundPage(page)],
            tokens=source_tokens(context.longest),
            first=context.first_citation,
        )
        return ToolResult(f"{RULES}\n\n{sources.text}", citations=sources.citations)
