"""The answer to an unexpected exception, inside the layers that set headers on every answer.

Starlette's own handler of such exceptions is outside of all layers: a page of another origin could not read its answer.
"""

from __future__ import annotations

import logging

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from fathom.server.errors import problem_of

logger = logging.getLogger(__name__)


class ErrorResponse:
    """Answers any exception that comes before the response; a later one goes on, and cuts the connection."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = False

        async def send_observed(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self._app(scope, receive, send_observed)
        except Exception as error:
            if started or scope["type"] != "http":
                raise
            logger.exception("request failed: %s %r", scope["method"], scope["path"][:200])
            await problem_of(error).response()(scope, receive, send)
