"""``/api/web-search/check`` and ``/api/web-pages``: whether a provider answers, and what was read of a cited page."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter
from pydantic import Field
from typing_extensions import TypedDict

from fathom.server.api.assistant.common import Id, StrictBody, not_found, resource_router
from fathom.server.assistant_handle import AssistantHandle
from fathom.server.web_search.errors import WebSearchError

TEST_QUERY = "DeepSeek"


class SearchCheckBody(StrictBody):
    """The preferences to try, before they are kept."""

    provider: Literal["duckduckgo", "searxng"] | None = None
    url: Annotated[str, Field(max_length=2000, pattern=r"^https?://[^ ]+$")] | None = None


class SearchCheck(TypedDict):
    """``titles`` are those of the first results; ``error`` is null where the provider answered."""

    provider: str | None
    titles: list[str]
    error: str | None


class PagePlace(TypedDict):
    """``start`` counts characters (code points) of the text."""

    start: int
    place: dict[str, Any]


class WebPageBody(TypedDict):
    """A page as it was read: ``text`` is what citations are checked against. ``fetched`` is in milliseconds; of a
    document ``places`` are where its pages, slides, sheets or chapters begin.
    """

    id: str
    url: str
    title: str
    text: str
    places: list[PagePlace]
    fetched: int


def router(handle: AssistantHandle) -> APIRouter:
    routes = resource_router()

    @routes.post("/web-search/check")
    async def check_search(body: SearchCheckBody) -> SearchCheck:
        """Send one query ("DeepSeek") to the provider."""
        kit = (await handle.get()).tools
        try:
            provider = kit.provider(body.provider, body.url)
            results = await provider.search(TEST_QUERY, 3)
        except WebSearchError as error:
            return {"provider": body.provider, "titles": [], "error": str(error)}
        return {"provider": provider.name, "titles": [result.title for result in results], "error": None}

    @routes.get("/web-pages/{page}")
    async def get_page(page: Id) -> WebPageBody:
        """What was read of a page that an answer cites."""
        pages = await (await handle.get()).tools.search.pages.get([page])
        if page not in pages:
            not_found("page", page)
        stored = pages[page]
        return {
            "id": stored.id,
            "url": stored.final_url,
            "title": stored.title,
            "text": stored.text,
            "places": [{"start": start, "place": place} for start, place in stored.places],
            "fetched": stored.fetched,
        }

    return routes
