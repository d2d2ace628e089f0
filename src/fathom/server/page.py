"""The chat page: the files that ``web/`` builds, served under a strict content security policy.

Everything the page loads comes from this server, so the policy forbids the rest: text that a model writes can neither
run as a script nor send requests elsewhere. The documents of ``frames/`` alone have policies of their own. Files under
``assets/`` have a hash in their name and are cached forever; the others are revalidated each time, which costs a 304.
Text goes compressed to those who accept it.
Any other path that a browser opens is the page itself, which does its own routing.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.staticfiles import NotModifiedResponse
from starlette.types import Receive, Scope, Send

from fathom.server.compression import GzippedFiles, accepts_gzip, is_worth_it
from fathom.server.frames import FRAME_HEADERS

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "font-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "frame-src 'self'",  # server/frames.py: the sandboxed documents, which cannot go elsewhere either
        "worker-src 'self'",
        "manifest-src 'self'",
        "require-trusted-types-for 'script'",  # text never becomes HTML; the one policy makes the worker's address
        "trusted-types fathom-worker",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
IMMUTABLE = "public, max-age=31536000, immutable"
REVALIDATE = "no-cache"
OWN_HEADERS: Mapping[str, Mapping[str, str]] = {
    "app.webmanifest": {"Content-Type": "application/manifest+json"},
    "worker.js": {"Service-Worker-Allowed": "./"},  # the folder that it is served from, below any base path
    **FRAME_HEADERS,
}
"""What a file has beside, or in place of, the headers of the others."""

UNBUILT = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Fathom</title>
<h1>Fathom is running</h1>
<p>The API answers under <code>/v1</code>. The chat page has not been built: run <code>make web</code>.</p></html>"""


class Page:
    """An ASGI app over the directory ``static``, for paths that no route of the API matches.

    It is the router's default rather than a route, as a route for every path would hide that ``GET`` is the wrong
    method for a path of the API. Where the page is not built, it serves a notice.
    """

    def __init__(self, static: Path) -> None:
        self._root = static.resolve()
        self._gzipped = GzippedFiles()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] not in ("GET", "HEAD"):
            raise HTTPException(404)
        request = Request(scope)
        response = await self._answer(request, scope["path"].lstrip("/"))
        await response(scope, receive, send)

    async def _answer(self, request: Request, path: str) -> Response:
        file = _find_file(self._root, path)
        if file is not None:
            caching = IMMUTABLE if path.startswith("assets/") else REVALIDATE
            return await self._file(file, {**_headers(caching), **OWN_HEADERS.get(path, {})}, request)
        if path and not _is_navigation(request):
            raise HTTPException(404)
        index = self._root / "index.html"
        if index.is_file():
            return await self._file(index, _headers(REVALIDATE), request)
        return HTMLResponse(UNBUILT, headers=_headers(REVALIDATE))

    async def _file(self, file: Path, headers: dict[str, str], request: Request) -> Response:
        status = file.stat()
        response: Response = FileResponse(file, headers=headers, stat_result=status)
        if is_worth_it(file, status.st_size):
            response.headers["Vary"] = "Accept-Encoding"
            if accepts_gzip(request.headers.get("accept-encoding", "")) and "range" not in request.headers:
                response = await self._compress(file, response)
        if request.headers.get("if-none-match") == response.headers["etag"]:
            not_modified = NotModifiedResponse(response.headers)
            not_modified.headers.update(headers)  # or an outer layer would add its defaults to the kept copy
            return not_modified
        return response

    async def _compress(self, file: Path, plain: Response) -> Response:
        """The answer with the file as gzip, which is another representation and so has an entity tag of its own."""
        version = plain.headers["etag"]
        response = Response(await self._gzipped.content(file, version), media_type=plain.media_type)
        own = response.headers["content-length"]
        response.headers.update(plain.headers)
        response.headers["Content-Length"] = own
        response.headers["Content-Encoding"] = "gzip"
        response.headers["ETag"] = version.removesuffix('"') + '-gzip"'
        del response.headers["accept-ranges"]
        return response


def _find_file(root: Path, path: str) -> Path | None:
    """The file at ``path`` under ``root``; None where there is none, or where the path leaves ``root``."""
    if not path or "\0" in path:
        return None
    try:
        file = (root / path).resolve()
        return file if file.is_relative_to(root) and file.is_file() else None
    except OSError:  # a name too long for the file system
        return None


def _is_navigation(request: Request) -> bool:
    """Whether a person opens this path in a browser (a missing script or API path is a 404 instead)."""
    path = request.url.path
    return "text/html" in request.headers.get("accept", "") and not path.startswith(
        ("/v1/", "/api/", "/assets/", "/health")
    )


def _headers(caching: str) -> dict[str, str]:
    return {"Cache-Control": caching, "Content-Security-Policy": POLICY}
