"""One response class for answers that take their time, streamed or not.

A generation can queue for minutes, run for minutes, and be abandoned at any moment. This class gives its bytes to the
client as they come and keeps four promises meanwhile:

- **A status that is true.** Nothing is sent until the first bytes exist, so that a request refused by the engine is an
  honest 400 or 503. Only when that takes longer than ``keepalive`` does a 200 go out first; an error that comes later
  then stands in the body.
- **Signs of life.** In any longer silence ``filler`` is sent (an SSE comment, or whitespace before JSON), so that no
  proxy or client on the way gives up.
- **A client that leaves is noticed** at once, also in silence, and the generation is closed, which frees its sequence.
- **A client that does not read** fills the socket's buffer; then we stop taking from the engine, and after
  ``stall_timeout`` the generation is closed. What piles up until then is bounded by the request's token limit.

Starlette's StreamingResponse makes the second and the fourth impossible and sends its status before knowing it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from fathom.base.errors import FathomError
from fathom.server.errors import ApiError, ApiProblem, UnavailableError, problem_of
from fathom.server.settings import Settings

logger = logging.getLogger(__name__)


class StalledError(FathomError):
    """A client stopped reading what it asked for."""


@dataclass(frozen=True, slots=True)
class Form:
    """How an answer looks on the wire. ``error`` renders a problem once a 200 is out."""

    media_type: str
    filler: bytes
    error: Callable[[ApiProblem], bytes]


SSE = Form("text/event-stream", b": keep-alive\n\n", lambda problem: b"data: " + problem.json() + b"\n\n")
JSON = Form("application/json", b"\n", ApiProblem.json)


class LiveResponse(Response):
    """Sends what ``pieces`` yields, under ``form``; closes ``pieces`` whatever happens."""

    def __init__(self, pieces: AsyncGenerator[bytes, None], form: Form, settings: Settings) -> None:
        super().__init__(media_type=form.media_type, headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        del self.headers["content-length"]
        self._pieces = pieces
        self._form = form
        self._settings = settings
        self._started = False
        self._sending = False
        self._sent_at = 0.0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002, ASGI's own form
        loop = asyncio.get_running_loop()
        tasks = [
            loop.create_task(self._pump(send)),
            loop.create_task(_left(receive)),
            loop.create_task(self._fill(send)),
        ]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self._pieces.aclose()

    async def _pump(self, send: Send) -> None:
        """Everything from the first byte to the last; ends early only when the client stalls."""
        try:
            await self._deliver(send)
        except StalledError:
            logger.warning("a client stopped reading; its request is cancelled")
        except Exception as error:
            problem = problem_of(error)
            if not isinstance(error, FathomError | ApiError):
                logger.error("a generation failed", exc_info=error)
            await self._fail(problem, send)

    async def _deliver(self, send: Send) -> None:
        try:
            async with asyncio.timeout(self._settings.start_timeout):
                piece = await anext(self._pieces, b"")
        except TimeoutError:
            raise UnavailableError("the request waited too long for its turn", "try again later") from None
        # the whole answer at once, if the second step ends it: then its length is known
        if not self._started and self._form is JSON:
            self.headers["content-length"] = str(len(piece))
        await self._send(send, piece, more=True)
        async for piece in self._pieces:
            await self._send(send, piece, more=True)
        await self._send(send, b"", more=False)

    async def _fill(self, send: Send) -> None:
        """Break every silence; never ends by itself."""
        loop = asyncio.get_running_loop()
        self._sent_at = loop.time()
        while True:
            await asyncio.sleep(max(0.0, self._sent_at + self._settings.keepalive - loop.time()))
            if not self._sending and loop.time() >= self._sent_at + self._settings.keepalive:
                await self._send(send, self._form.filler, more=True)

    async def _fail(self, problem: ApiProblem, send: Send) -> None:
        if self._started:
            await self._send(send, self._form.error(problem), more=False)
            return
        response = problem.response()
        await send({"type": "http.response.start", "status": response.status_code, "headers": response.raw_headers})
        await send({"type": "http.response.body", "body": response.body})

    async def _send(self, send: Send, body: bytes, *, more: bool) -> None:
        self._sending = True
        try:
            async with asyncio.timeout(self._settings.stall_timeout):
                if not self._started:
                    self._started = True
                    await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
                await send({"type": "http.response.body", "body": body, "more_body": more})
        except TimeoutError:
            raise StalledError("the client does not read") from None
        finally:
            self._sending = False
            self._sent_at = asyncio.get_running_loop().time()


async def _left(receive: Receive) -> None:
    """Returns when the client has gone. (The request's body has been read before.)"""
    while (await receive())["type"] != "http.disconnect":
        pass
