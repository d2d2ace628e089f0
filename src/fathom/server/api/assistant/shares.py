"""Shares of conversations, and the page that a link leads to."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from typing_extensions import TypedDict

from fathom.server.api.assistant.common import Id, resource_router
from fathom.server.assistant_handle import AssistantHandle
from fathom.server.errors import NotFoundError

Token = Annotated[Id, Path(max_length=64)]

GONE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="robots" content="noindex">
<meta name="viewport" content="width=device-width"><title>Not found</title></head><body><main><h1>Not found</h1>
<p>There is nothing at this link. It may have been revoked by the person who shared it.</p></main></body></html>"""


class ShareJson(TypedDict):
    """``url`` is relative to this server; ``head`` the last message that is shown."""

    token: str
    conversation: str
    head: str
    created: int
    url: str


class ShareList(TypedDict):
    data: list[ShareJson]
    next: None


def router(handle: AssistantHandle) -> APIRouter:
    routes = resource_router()

    @routes.post("/conversations/{conversation}/shares", status_code=201)
    async def create_share(conversation: Id) -> ShareJson:
        """Share the path that is shown now: anyone with the link can read it, and nothing that is written later."""
        share: ShareJson = (await (await handle.get()).shares.create(conversation)).json()
        return share

    @routes.get("/conversations/{conversation}/shares")
    async def list_shares(conversation: Id) -> ShareList:
        """The shares of a conversation."""
        return {"data": [share.json() for share in await (await handle.get()).shares.list(conversation)], "next": None}

    @routes.delete("/shares/{token}", status_code=204)
    async def revoke_share(token: Token) -> None:
        """Revoke a share: its link leads nowhere from now on."""
        await (await handle.get()).shares.revoke(token)

    return routes


def page_router(handle: AssistantHandle) -> APIRouter:
    """``/share/{token}``, outside of ``/api``: it needs no key, the token is the secret."""
    routes = APIRouter()

    @routes.get("/share/{token}", response_class=HTMLResponse, include_in_schema=False)
    async def show(token: Token, request: Request) -> Response:
        """A shared conversation as a page that is only read.

        A browser may keep it, and asks each time whether it is still so: a revoked link leads nowhere at once.
        """
        assistant = await handle.get()
        headers = {
            "Content-Security-Policy": f"{assistant.exporter.page_policy}; frame-ancestors 'none'",
            "X-Robots-Tag": "noindex, nofollow",
            "Cache-Control": "no-store",
        }
        language = (await assistant.preferences.get()).language
        try:
            share = await assistant.shares.get(token)
            known = {tag.strip(' "') for tag in request.headers.get("if-none-match", "").replace("W/", "").split(",")}
            key, page = await assistant.exporter.page(share.conversation, share.head, language, known)
        except NotFoundError:
            return HTMLResponse(GONE, 404, headers)
        headers |= {"Cache-Control": "private, no-cache", "ETag": f'"{key}"'}
        return Response(status_code=304, headers=headers) if page is None else HTMLResponse(page, headers=headers)

    return routes
