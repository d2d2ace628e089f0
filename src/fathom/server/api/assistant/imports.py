"""``POST /api/imports``: conversations of ChatGPT, DeepSeek, open-webui, Fathom or earlier pages, as a file."""

from __future__ import annotations

import asyncio
import logging
import shutil
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from fastapi import APIRouter
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from typing_extensions import TypedDict

from fathom.base.errors import StorageError
from fathom.server.api.assistant.common import resource_router
from fathom.server.api.json_io import encode
from fathom.server.assistant_handle import AssistantHandle
from fathom.server.errors import ApiError, ApiProblem, problem_of
from fathom.server.settings import Settings

if TYPE_CHECKING:
    from fathom.server.conversations.importing.importer import Importer
    from fathom.server.conversations.importing.report import ImportReport

PROGRESS = "application/x-ndjson"
PROGRESS_SECONDS = 0.5
PREFIX = "import-"
"""Of the names of files that are being imported."""
LEFT_SECONDS = 24 * 3600.0
"""The age at which such a file is one that a killed process left."""
_running: set[asyncio.Task[ImportReport]] = set()  # the event loop itself refers to tasks only weakly

logger = logging.getLogger(__name__)

BODY = {"content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}, "required": True}


class SkippedBody(TypedDict):
    title: str
    reason: str


class ImportBody(TypedDict):
    """``conversations`` were added, with ``messages``; ``extended`` were here and got the messages that are new;
    ``known`` were here with all of theirs; ``skipped`` could not be imported (the first 500 of ``skipped_count``)."""

    conversations: int
    messages: int
    extended: int
    known: int
    skipped: list[SkippedBody]
    skipped_count: int


def router(handle: AssistantHandle, settings: Settings) -> APIRouter:
    routes = resource_router()

    async def import_file(request: Request) -> Response:
        """Import the body: a .json file or .zip archive as it was exported. What is here already is not doubled.

        With ``Accept: application/x-ndjson`` the answer is lines of JSON: ``progress`` every half second, at last one
        with ``report``, and with ``error`` where the import ended early.
        """
        importer = (await handle.get()).importer
        path = await _receive(request, settings.data_dir)
        if PROGRESS in request.headers.get("accept", ""):
            return StreamingResponse(_progress(importer, path), media_type=PROGRESS)
        try:
            report = await importer.run(path)
        finally:
            path.unlink(missing_ok=True)
        return JSONResponse(report.json())

    responses: dict[int | str, dict[str, Any]] = {200: {"model": ImportBody, "description": "What was imported."}}
    routes.add_api_route(
        "/imports", import_file, methods=["POST"], openapi_extra={"requestBody": BODY}, responses=responses
    )
    return routes


async def _progress(importer: Importer, path: Path) -> AsyncIterator[bytes]:
    report = importer.new_report()
    work = asyncio.create_task(importer.run(path, report))
    _running.add(work)
    work.add_done_callback(partial(_end, path))
    while not work.done():  # a client that goes away does not stop an import that has begun
        await asyncio.wait([work], timeout=PROGRESS_SECONDS)
        yield encode({"progress": {"done": report.done, "messages": report.messages}}) + b"\n"
    error = work.exception()
    if error is None:
        yield encode({"report": report.json()}) + b"\n"
    else:
        yield encode({"error": problem_of(error).body()["error"], "report": report.json()}) + b"\n"


def _end(path: Path, work: asyncio.Task[ImportReport]) -> None:
    """Remove the file of an import that has ended, and log its failure: its client may be gone."""
    _running.discard(work)
    path.unlink(missing_ok=True)
    if not work.cancelled() and (error := work.exception()) is not None:
        logger.warning("an import ended early: %s", error)


async def _receive(request: Request, folder: Path) -> Path:
    """The body as a file under ``folder``. Raises ApiError where it does not fit, or breaks off."""
    announced = request.headers.get("content-length", "")
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        await asyncio.to_thread(_remove_left, folder)
        free = shutil.disk_usage(folder).free
        if announced.isdecimal() and int(announced) * 2 > free:
            raise StorageError("the disk has no room for this import", "free some space")
        file: IO[bytes]
        with tempfile.NamedTemporaryFile(dir=folder, prefix=PREFIX, delete=False) as file:
            path = Path(file.name)
            try:
                async for chunk in request.stream():
                    await asyncio.to_thread(file.write, chunk)
            except BaseException:
                path.unlink(missing_ok=True)
                raise
    except ClientDisconnect:
        raise ApiError(ApiProblem(400, "the upload broke off; send it again", code="upload_broke_off")) from None
    except OSError as error:
        raise StorageError(f"the upload cannot be stored: {error.strerror or error}", "free some disk space") from error
    return path


def _remove_left(folder: Path) -> None:
    """Remove files of imports that ended with their process."""
    for path in folder.glob(f"{PREFIX}*"):
        with suppress(OSError):
            if path.stat().st_mtime < time.time() - LEFT_SECONDS:
                path.unlink()
