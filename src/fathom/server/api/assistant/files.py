"""``/api/files``: upload, state, text, content and deletion of attached files.

An upload is the raw body, written to disk as it comes; no form, no encoding. `RequestGuard` has checked the key before.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal

from fastapi import APIRouter, Path, Query
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, Response
from typing_extensions import TypedDict

from fathom.server.api.assistant.common import not_found, position, resource_router
from fathom.server.assistant_handle import AssistantHandle
from fathom.server.errors import ApiError, ApiProblem
from fathom.server.files.errors import FileInUseError, FileTooLargeError
from fathom.server.files.records import StoredFile
from fathom.server.store.ids import PATTERN

if TYPE_CHECKING:
    from fathom.server.files.files import Files

Id = Annotated[str, Path(pattern=PATTERN, description="the id of a file")]

CONTENT_POLICY = "default-src 'none'; sandbox"
BODY = {"content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}, "required": True}


class FileFailure(TypedDict):
    message: str
    remedy: str


class FileBody(TypedDict):
    """``data`` holds the format, the title, counts (pages, sheets, rows …) and the warnings of the reader."""

    id: str
    name: str
    media_type: str
    bytes: int
    state: Literal["reading", "ready", "failed"]
    tokens: int | None
    error: FileFailure | None
    data: Mapping[str, Any]
    created: int


class PassageBody(TypedDict):
    """``place``: a page, a slide, a sheet with cells, a line, a chapter or a cell of a notebook."""

    position: int
    place: Mapping[str, Any]
    text: str
    tokens: int


class FileTextBody(TypedDict):
    """The passages in order; joined, they are the whole text."""

    data: list[PassageBody]
    next: int | None


def router(handle: AssistantHandle) -> APIRouter:
    routes = resource_router()

    async def upload(
        request: Request, name: Annotated[str, Query(min_length=1, max_length=1000, description="the file's name")]
    ) -> FileBody:
        """Store the body as a file and begin to read it; ``state`` goes from reading to ready or failed."""
        files = (await handle.get()).files
        try:
            return _body(await files.store(name, request.stream()))
        except FileTooLargeError as error:
            raise ApiError(ApiProblem(413, str(error), code="file_too_large")) from None
        except ClientDisconnect:
            raise ApiError(ApiProblem(400, "the upload broke off; send it again", code="upload_broke_off")) from None

    async def get(
        id: Id,  # noqa: A002 (the name in the path)
        wait: Annotated[float, Query(ge=0, le=30, description="seconds to wait while the file is read")] = 0,
    ) -> FileBody:
        """A file. With ``wait`` the answer comes once it is read, or after so many seconds."""
        file = await (await handle.get()).files.get(id, wait=wait)
        return _body(file) if file else not_found("file", id)

    async def text(
        id: Id,  # noqa: A002
        after: Annotated[int, position("the position of the last passage that is known", first=-1)] = -1,
        limit: Annotated[int, Query(ge=1, le=1000)] = 200,
    ) -> FileTextBody:
        """What was read of a file, in passages with their places."""
        files = (await handle.get()).files
        await _file(files, id)
        passages = await files.passages(id, after, limit + 1)
        data: list[PassageBody] = [
            {"position": p.position, "place": p.place, "text": p.text, "tokens": p.tokens} for p in passages[:limit]
        ]
        return {"data": data, "next": data[-1]["position"] if len(passages) > limit else None}

    async def content(id: Id) -> Response:  # noqa: A002
        """The file as it was uploaded, always as an attachment: nothing in it runs in this origin."""
        files = (await handle.get()).files
        file = await _file(files, id)
        path = files.path(file)
        if not path.is_file():
            raise ApiError(ApiProblem(404, "the file's content is missing; attach it again", code="not_found"))
        headers = {"Content-Security-Policy": CONTENT_POLICY, "Cross-Origin-Resource-Policy": "same-origin"}
        headers["Cache-Control"] = "private, no-cache"
        return FileResponse(path, media_type=file.media_type, filename=file.name, headers=headers)

    async def delete(id: Id) -> Response:  # noqa: A002
        """Delete a file that no message and no project holds (else 409)."""
        files = (await handle.get()).files
        await _file(files, id)
        try:
            await files.delete(id)
        except FileInUseError as error:
            raise ApiError(ApiProblem(409, str(error), code="file_in_use")) from None
        return Response(status_code=204)

    body = {"requestBody": BODY}
    routes.add_api_route("/files", upload, methods=["POST"], status_code=201, openapi_extra=body)
    routes.add_api_route("/files/{id}", get, methods=["GET"])
    routes.add_api_route("/files/{id}/text", text, methods=["GET"])
    binary: dict[int | str, dict[str, Any]] = {
        200: {"content": {"application/octet-stream": {}}, "description": "The bytes."}
    }
    routes.add_api_route("/files/{id}/content", content, methods=["GET"], response_class=FileResponse, responses=binary)
    routes.add_api_route("/files/{id}", delete, methods=["DELETE"], status_code=204, response_class=Response)
    return routes


async def _file(files: Files, id_: str) -> StoredFile:
    return await files.get(id_) or not_found("file", id_)


def _body(file: StoredFile) -> FileBody:
    return {
        "id": file.id,
        "name": file.name,
        "media_type": file.media_type,
        "bytes": file.bytes,
        "state": file.state,
        "tokens": file.tokens,
        "error": {"message": file.error["message"], "remedy": file.error["remedy"]} if file.error else None,
        "data": file.data,
        "created": file.created,
    }
