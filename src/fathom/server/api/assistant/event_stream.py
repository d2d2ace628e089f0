"""A stream of server-sent events that may be idle for days, and costs next to nothing while it is.

`fathom.server.api.live_response` is for generations, which have a status to wait for and an end. Here the status is
known, the first bytes go out at once, and a comment now and then keeps proxies from closing the connection.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

logger = logging.getLogger(__name__)

KEEPALIVE = 15.0
"""Seconds of silence before a comment is sent."""
COMMENT = b": keep-alive\n\n"


class EventStream(Response):
    """Sends what ``frames`` yields until it ends or the client leaves."""

    def __init__(self, frames: AsyncGenerator[bytes, None], *, keepalive: float = KEEPALIVE):
        super().__init__(
            media_type="text/event-stream", headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        )
        del self.headers["content-length"]
        self._frames = frames
        self._keepalive = keepalive

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002, ASGI's own form
        tasks = [asyncio.create_task(self._send_all(send)), asyncio.create_task(_wait_for_disconnect(receive))]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                if error := task.exception():
                    logger.warning("a stream of events was cut off: %s", error)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self._frames.aclose()

    async def _send_all(self, send: Send) -> None:
        coming = asyncio.ensure_future(_next(self._frames))
        try:
            await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
            body: bytes | None = COMMENT
            while body is not None:
                done, _ = await asyncio.wait([coming], timeout=self._keepalive)
                body = coming.result() if done else COMMENT
                if done:
                    coming = asyncio.ensure_future(_next(self._frames))
                if body != b"":
                    message = {"type": "http.response.body", "body": body or b"", "more_body": body is not None}
                    await send(message)
        finally:
            coming.cancel()
            await asyncio.gather(coming, return_exceptions=True)


async def _next(frames: AsyncGenerator[bytes, None]) -> bytes | None:
    """The next frame, which may be empty; None at the end."""
    return await anext(frames, None)


async def _wait_for_disconnect(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
