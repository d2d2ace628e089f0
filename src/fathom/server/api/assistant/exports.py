"""``/api/conversations/{id}/export`` and ``/api/export``: conversations as files."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal
from urllib.parse import quote

from fastapi import APIRouter, Query
from starlette.responses import Response, StreamingResponse

from fathom.server.api.assistant.common import Id, resource_router
from fathom.server.assistant_handle import AssistantHandle

if TYPE_CHECKING:
    from fathom.server.assistant import Assistant

MEDIA_TYPES = {"json": "application/json", "markdown": "text/markdown", "html": "text/html"}
FILE: dict[int | str, dict[str, Any]] = {
    200: {"content": {media_type: {} for media_type in MEDIA_TYPES.values()}, "description": "The file."}
}
ARCHIVE: dict[int | str, dict[str, Any]] = {200: {"content": {"application/zip": {}}, "description": "The archive."}}


def router(handle: AssistantHandle) -> APIRouter:
    routes = resource_router()

    async def export(
        conversation: Id,
        format: Literal["json", "markdown", "html"] = "json",  # noqa: A002 (the name in the query)
        head: Annotated[
            Id | None, Query(max_length=64, description="the last message of the path; else the one shown last")
        ] = None,
        language: Annotated[str | None, Query(max_length=35, description="of the few words that are ours")] = None,
    ) -> Response:
        """A conversation as a file: JSON holds every branch and can be imported; the others show one path."""
        name, body = await (await handle.get()).exporter.file(conversation, format, head, language)
        return Response(body, headers=_headers(name), media_type=MEDIA_TYPES[format])

    async def export_all() -> Response:
        """All conversations, one JSON object a line in a zip archive, with the attached files. It can be imported."""
        assistant = await handle.get()
        await assistant.exporter.ids()  # an error is still an answer with its status here
        return StreamingResponse(_archive(assistant), media_type="application/zip", headers=_headers("fathom.zip"))

    routes.add_api_route(
        "/conversations/{conversation}/export", export, methods=["GET"], response_class=Response, responses=FILE
    )
    routes.add_api_route("/export", export_all, methods=["GET"], response_class=StreamingResponse, responses=ARCHIVE)
    return routes


async def _archive(assistant: Assistant) -> AsyncIterator[bytes]:
    async def find(file_id: str) -> Path | None:
        file = await assistant.files.get(file_id)
        path = assistant.files.path(file) if file else None
        return path if path is not None and path.is_file() else None

    async for chunk in assistant.exporter.archive(find):
        yield chunk


def _headers(name: str) -> dict[str, str]:
    return {
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(name)}",
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "Cache-Control": "no-store",
    }
