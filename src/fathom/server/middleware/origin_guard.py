"""Access control by the page that a request comes from, before anything else looks at it.

A server on the loopback interface is reachable by every web page that its owner visits, and browsers send simple
requests across origins without asking. Every browser names the page in ``Origin``: only our own page, pages of this
same machine, and the configured origins are allowed. What a page of another site embeds (an image, a script) has no
``Origin``, and names its relation in ``Sec-Fetch-Site``: nothing of the API is embedded there, and nothing changed.
Programs send neither.

This layer is outside of the CORS layer, whose headers all other refusals need: without them a page of an allowed origin
would see a network error instead of the refusal.
"""

from __future__ import annotations

from collections.abc import Iterable

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from fathom.server.errors import ApiProblem
from fathom.server.middleware.host_name import LOOPBACK_NAMES, host_name
from fathom.server.settings import Settings

SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
}
API_HEADERS = {"Cache-Control": "no-store", "Cross-Origin-Resource-Policy": "same-origin"}
"""Of answers of the API that set none themselves: conversations stay in no cache, and no other site embeds them."""
EMBEDDED_NOWHERE = "/api/"
"""The paths of which a page of another site can load nothing by an element; it can still lead there by a link."""
READING = ("GET", "HEAD", "OPTIONS")


class OriginGuard:
    """The outermost layer: refuses pages of other origins, and sets the security headers of all responses.

    Answers to paths that begin with one of ``api_paths`` carry `API_HEADERS`, too.
    """

    def __init__(self, app: ASGIApp, settings: Settings, api_paths: Iterable[str]) -> None:
        self._app = app
        self._settings = settings
        self._api_paths = tuple(api_paths)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        added = SECURITY_HEADERS | (API_HEADERS if scope["path"].startswith(self._api_paths) else {})

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                out = MutableHeaders(scope=message)
                for name, value in added.items():
                    out.setdefault(name, value)
            await send(message)

        if self._is_allowed(scope, Headers(scope=scope)):
            await self._app(scope, receive, send_guarded)
            return
        message = "this web page may not use the server; add its origin to cors_origins"
        await ApiProblem(403, message, code="origin_not_allowed").response()(scope, receive, send_guarded)

    def _is_allowed(self, scope: Scope, headers: Headers) -> bool:
        origin = headers.get("origin")
        if origin is not None:
            return origin_allowed(origin, headers.get("host", ""), self._settings)
        if headers.get("sec-fetch-site") not in ("cross-site", "same-site") or "*" in self._settings.cors_origins:
            return True
        if scope["method"] not in READING:
            return False
        return headers.get("sec-fetch-mode") == "navigate" or not scope["path"].startswith(EMBEDDED_NOWHERE)


def origin_allowed(origin: str, host: str, settings: Settings) -> bool:
    """Whether a page of ``origin`` may use the server that it reached as ``host``."""
    if "*" in settings.cors_origins or origin in settings.cors_origins:
        return True
    scheme, separator, authority = origin.partition("://")
    name = host_name(authority)
    if scheme.lower() not in ("http", "https") or not separator or not name:  # also `null`, which any page can send
        return False
    return authority.lower() == host.lower() or (settings.loopback and name in LOOPBACK_NAMES)
