"""``/api/search``: full-text search over all conversations."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query
from typing_extensions import TypedDict

from fathom.server.api.assistant.common import resource_router
from fathom.server.api.assistant.conversations import Limit
from fathom.server.assistant_handle import AssistantHandle

Kind = Literal["title", "question", "answer", "thinking"]


class SnippetBody(TypedDict):
    """``marks``: pairs of start and end in ``text``, in UTF-16 code units as JavaScript counts them."""

    text: str
    marks: list[tuple[int, int]]


class SearchHitBody(TypedDict):
    """``conversation`` is an id, ``title`` its title; ``message`` is null for a hit in a title."""

    conversation: str
    title: str
    message: str | None
    kind: Kind
    snippet: SnippetBody
    created: int


class SearchResults(TypedDict):
    """``next``: what to give as `after` for further hits; null at the end."""

    data: list[SearchHitBody]
    next: str | None


def router(handle: AssistantHandle) -> APIRouter:
    routes = resource_router()

    async def search(
        q: Annotated[str, Query(max_length=500, description="words in any language, as a person types them")],
        limit: Limit = 20,
        after: Annotated[str | None, Query(max_length=64, description="`next` of the answer before")] = None,
        kind: Kind | None = None,
    ) -> SearchResults:
        """Texts with all of the words, wherever they are in it: titles first, then what fits best, the newest first.

        A word of four letters or more (the last of the query: three) is also found as the beginning of a longer one;
        in scripts without spaces any part of the text is found. Case and accents do not matter, and there is no query
        language.
        """
        page = await (await handle.get()).search.find(q, limit=limit, after=after, kind=kind)
        return {
            "data": [
                {
                    "conversation": hit.conversation,
                    "title": hit.title,
                    "message": hit.message,
                    "kind": hit.kind,
                    "snippet": {"text": hit.snippet.text, "marks": list(hit.snippet.marks)},
                    "created": hit.created,
                }
                for hit in page.data
            ],
            "next": page.next,
        }

    routes.add_api_route("/search", search, methods=["GET"])
    return routes
