"""The chat page: the files that ``web/`` builds, served with the headers that a page of strangers' text deserves.

Everything the page loads comes from this server, so its policy can forbid the rest: what a model writes can then
neither run as a script nor call home. Files under ``assets/`` carry a hash in their name and are kept forever; the
others are asked for anew each time, which costs a 304. Any other path that a browser opens is the page itself: the
page does its own routing.
"""

from __future__ import annotations

from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.staticfiles import NotModifiedResponse
from starlette.types import Receive, Scope, Send

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "font-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "require-trusted-types-for 'script'",  # and no policy may make any: text never becomes HTML
        "trusted-types 'none'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
FOREVER = "public, max-age=31536000, immutable"
EACH_TIME = "no-cache"

UNBUILT = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Fathom</title>
<h1>Fathom is running</h1>
<p>The API answers under <code>/v1</code>. The chat page has not been built: run <code>make web</code>.</p></html>"""


class Page:
    """An ASGI app over the directory ``static``, for whatever the API's routes leave; without a page, it says so.

    It stands behind the router rather than in it, as a route for every path would hide that ``GET`` is the wrong
    method for a path of the API.
    """

    def __init__(self, static: Path) -> None:
        self._root = static.resolve()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] not in ("GET", "HEAD"):
            raise HTTPException(404)
        request = Request(scope)
        await self._answer(request, scope["path"].lstrip("/"))(scope, receive, send)

    def _answer(self, request: Request, path: str) -> Response:
        file = _inside(self._root, path)
        if file is not None:
            return _file(file, FOREVER if path.startswith("assets/") else EACH_TIME, request)
        if path and not _is_navigation(request):
            raise HTTPException(404)
        index = self._root / "index.html"
        if index.is_file():
            return _file(index, EACH_TIME, request)
        return HTMLResponse(UNBUILT, headers=_headers(EACH_TIME))


def _inside(root: Path, path: str) -> Path | None:
    """The file at ``path`` under ``root``; None where there is none, or where the path leads out."""
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
    return "text/html" in request.headers.get("accept", "") and not path.startswith(("/v1/", "/assets/", "/health"))


def _file(file: Path, caching: str, request: Request) -> Response:
    response = FileResponse(file, headers=_headers(caching), stat_result=file.stat())
    if request.headers.get("if-none-match") == response.headers["etag"]:
        return NotModifiedResponse(response.headers)
    return response


def _headers(caching: str) -> dict[str, str]:
    return {"Cache-Control": caching, "Content-Security-Policy": POLICY}
