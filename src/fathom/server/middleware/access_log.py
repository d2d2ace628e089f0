"""The access log: one line for each API request with method, path, status and duration.

The page's files and health checks are not logged, as they would bury the rest. The line is written when the response
has ended, so a stream shows its whole duration, and a client that disconnected is marked as ``abandoned``.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

logger = logging.getLogger("fathom.server.access")


class AccessLog:
    """Logs requests to paths that begin with one of ``api_paths``."""

    def __init__(self, app: ASGIApp, api_paths: Iterable[str]) -> None:
        self._app = app
        self._api_paths = tuple(api_paths)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith(self._api_paths):
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        status, complete = 0, False

        async def send_observed(message: Message) -> None:
            nonlocal status, complete
            if message["type"] == "http.response.start":
                status = message["status"]
            elif message["type"] == "http.response.body":
                complete = not message.get("more_body", False)
            await send(message)

        try:
            await self._app(scope, receive, send_observed)
        finally:
            seconds = time.perf_counter() - started
            path = scope["path"][:200].encode("unicode_escape").decode()  # a line break would forge a line
            outcome = str(status) if complete else f"{status or '-'} abandoned"
            logger.info("%s %s %s %.3f s", scope["method"], path, outcome, seconds)
