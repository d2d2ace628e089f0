"""Access control by the page that a request comes from, before anything else looks at it.

A server on the loopback interface is reachable by every web page that its owner visits, and browsers send simple
requests across origins without asking. Every browser names the page in ``Origin``: only our own page, pages of this
same machine, and the configured origins are allowed.

This layer is outside of the CORS layer, whose headers all other refusals need: without them a page of an allowed origin
would see a network error instead of the refusal.
"""

from __future__ import annotations

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


class OriginGuard:
    """The outermost layer: refuses pages of other origins, and sets the security headers of all responses."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._settings = settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                out = MutableHeaders(scope=message)
                for name, value in SECURITY_HEADERS.items():
                    out.setdefault(name, value)
            await send(message)

        origin = headers.get("origin")
        if origin is None or origin_allowed(origin, headers.get("host", ""), self._settings):
            await self._app(scope, receive, send_guarded)
            return
        message = "this web page may not use the server; add its origin to cors_origins"
        await ApiProblem(403, message, code="origin_not_allowed").response()(scope, receive, send_guarded)


def origin_allowed(origin: str, host: str, settings: Settings) -> bool:
    """Whether a page of ``origin`` may use the server that it reached as ``host``."""
    if "*" in settings.cors_origins or origin in settings.cors_origins:
        return True
    scheme, separator, authority = origin.partition("://")
    name = host_name(authority)
    if scheme.lower() not in ("http", "https") or not separator or not name:  # also `null`, which any page can send
        return False
    return authority.lower() == host.lower() or (settings.loopback and name in LOOPBACK_NAMES)
