"""Access control before a request body is read: host, API key, body size.

- **DNS rebinding**: a hostile name that resolves to 127.0.0.1 makes a page same-origin with us. Its requests carry that
  name as ``Host``; on the loopback only the loopback's names are accepted.
- **Large bodies** are refused by their announced length, or once they grow beyond it.

Written as plain ASGI: Starlette's ``BaseHTTPMiddleware`` hides from routes that a client has disconnected.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Mapping

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from fathom.server.errors import ApiError, ApiProblem
from fathom.server.middleware.host_name import LOOPBACK_NAMES, host_name
from fathom.server.settings import Settings


class RequestGuard:
    """Refuses requests to other hosts, without the key, and with too large a body.

    ``uploads`` are paths whose bodies are streamed to the disk, each with a limit of its own in bytes.
    """

    def __init__(
        self, app: ASGIApp, settings: Settings, api_paths: Iterable[str], uploads: Mapping[str, int] | None = None
    ) -> None:
        self._app = app
        self._settings = settings
        self._api_paths = tuple(api_paths)
        self._uploads = dict(uploads or {})
        self._hosts = LOOPBACK_NAMES | {name.lower() for name in (settings.host, *settings.allowed_hosts)}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        problem = self._problem(scope, Headers(scope=scope))
        if problem is not None:
            await problem.response()(scope, receive, send)
            return
        await self._app(scope, _limit_body(receive, self._most(scope)), send)

    def _problem(self, scope: Scope, headers: Headers) -> ApiProblem | None:
        if not self._host_allowed(headers.getlist("host")):
            message = "this host name is not served here; add it to allowed_hosts"
            return ApiProblem(403, message, code="host_not_allowed")
        if scope["method"] != "OPTIONS" and not self._key_accepted(scope["path"], headers):
            return ApiProblem(
                401,
                "the API key is missing or wrong; send it as 'Authorization: Bearer KEY'",
                "authentication_error",
                "invalid_api_key",
                headers={"WWW-Authenticate": "Bearer"},
            )
        length = headers.get("content-length", "")
        most = self._most(scope)
        if length.isdecimal() and int(length[:20]) > most:
            return too_large(most)
        return None

    def _most(self, scope: Scope) -> int:
        """The most bytes that the body of this request may have."""
        return self._uploads.get(scope["path"], self._settings.max_body_bytes)

    def _host_allowed(self, hosts: list[str]) -> bool:
        allowed = self._settings.allowed_hosts
        if "*" in allowed or not (self._settings.loopback or allowed):
            return True
        return len(hosts) == 1 and host_name(hosts[0]) in self._hosts

    def _key_accepted(self, path: str, headers: Headers) -> bool:
        key = self._settings.api_key
        if key is None or not path.startswith(self._api_paths):
            return True
        scheme, _, given = headers.get("authorization", "").partition(" ")
        is_right = hmac.compare_digest(given.strip().encode(), key.get_secret_value().encode())
        return scheme.lower() == "bearer" and is_right


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
