"""Access control before a request body is read: hosts, origins, API key, body size.

A server on the loopback interface is reachable by every web page that its owner visits. Three attacks are refused:

- **DNS rebinding**: a hostile name that resolves to 127.0.0.1 makes a page same-origin with us. Its requests carry that
  name as ``Host``; on the loopback only the loopback's names are accepted.
- **Requests across origins**: browsers send simple ones without asking. Every browser names the page in ``Origin``;
  only our own page, pages of this same machine, and the configured origins are allowed.
- **Large bodies** are refused by their announced length, or once they grow beyond it.

Written as plain ASGI: Starlette's ``BaseHTTPMiddleware`` hides from routes that a client has disconnected.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from fathom.server.errors import ApiError, ApiProblem
from fathom.server.settings import Settings

LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})

SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
}


class RequestGuard:
    """The outermost layer: refuses requests that are not allowed, and sets the security headers of all responses."""

    def __init__(self, app: ASGIApp, settings: Settings, api_paths: Iterable[str]) -> None:
        self._app = app
        self._settings = settings
        self._api_paths = tuple(api_paths)

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

        problem = self._problem(scope, headers)
        if problem is not None:
            await problem.response()(scope, receive, send_guarded)
            return
        await self._app(scope, _limit_body(receive, self._settings.max_body_bytes), send_guarded)

    def _problem(self, scope: Scope, headers: Headers) -> ApiProblem | None:
        if not self._host_allowed(headers.get("host", "")):
            message = "this host name is not served here; add it to allowed_hosts"
            return ApiProblem(403, message, code="host_not_allowed")
        origin = headers.get("origin")
        if origin is not None and not origin_allowed(origin, headers.get("host", ""), self._settings):
            message = "this web page may not use the server; add its origin to cors_origins"
            return ApiProblem(403, message, code="origin_not_allowed")
        if scope["method"] != "OPTIONS" and not self._key_accepted(scope["path"], headers):
            return ApiProblem(
                401,
                "the API key is missing or wrong; send it as 'Authorization: Bearer KEY'",
                "authentication_error",
                "invalid_api_key",
                headers={"WWW-Authenticate": "Bearer"},
            )
        length = headers.get("content-length", "")
        if length.isdigit() and int(length) > self._settings.max_body_bytes:
            return too_large(self._settings.max_body_bytes)
        return None

    def _host_allowed(self, host: str) -> bool:
        allowed = self._settings.allowed_hosts
        if "*" in allowed or not (self._settings.loopback or allowed):
            return True
        name = host_name(host)
        return name in LOOPBACK_NAMES or name == self._settings.host or name in allowed

    def _key_accepted(self, path: str, headers: Headers) -> bool:
        key = self._settings.api_key
        if key is None or not path.startswith(self._api_paths):
            return True
        scheme, _, given = headers.get("authorization", "").partition(" ")
        is_right = hmac.compare_digest(given.strip().encode(), key.get_secret_value().encode())
        return scheme.lower() == "bearer" and is_right


def host_name(host: str) -> str:
    """The name in a Host header, without port and brackets; empty where it is malformed."""
    try:
        return (urlsplit(f"//{host}").hostname or "").lower()
    except ValueError:
        return ""


def origin_allowed(origin: str, host: str, settings: Settings) -> bool:
    """Whether a page of ``origin`` may use the server that it reached as ``host``."""
    if "*" in settings.cors_origins or origin in settings.cors_origins:
        return True
    try:
        parts = urlsplit(origin)
        name = parts.hostname
    except ValueError:
        return False
    if parts.scheme not in ("http", "https"):  # also `null`, which any page can send
        return False
    if parts.netloc.lower() == host.lower():
        return True
    return settings.loopback and name in LOOPBACK_NAMES


def too_large(limit: int) -> ApiProblem:
    return ApiProblem(413, f"the body is larger than {limit} bytes; send less", code="body_too_large")


def _limit_body(receive: Receive, limit: int) -> Receive:
    """``receive`` with a limit for bodies that do not announce their length."""
    seen = 0

    async def receive_limited() -> Message:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        if seen > limit:
            raise ApiError(too_large(limit))
        return message

    return receive_limited
