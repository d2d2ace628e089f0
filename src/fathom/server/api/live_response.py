"""The response of a generation, streamed or not.

A generation can queue for minutes, run for minutes, and be abandoned at any moment. `LiveResponse` sends its bytes as
they come, and guarantees:

- **An honest status.** Nothing is sent until the engine has accepted the request, however long the model loads, so that
  every request at fault is answered by its own status. Afterwards only the server can fail: before the first byte that
  is a 5xx; later a stream ends with an error event, and the connection of a JSON response is cut, so that no client
  takes an error for an answer and all may try again.
- **Keep-alive.** Once the request is accepted, ``filler`` is sent in any longer silence (an SSE comment, or whitespace
  before JSON), so that no proxy or client times out.
- **Disconnection is noticed** at once, also in silence, and the generation is closed, which frees its sequence.
- **Back-pressure.** A client that does not read fills the socket's buffer; then we stop taking from the engine, and
  after ``stall_timeout`` close the generation. What queues up meanwhile is bounded by the request's token limit.

Starlette's StreamingResponse makes the second and the fourth impossible and sends its status before knowing it.
"""

from __future__ import annotations

import asyncio
import enum
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
    """A client stopped reading its response."""


class Milestone(enum.Enum):
    """What the parts of a response report beside bytes."""

    ACCEPTED = "the request is queued: only the server can fail now"
    STARTED = "there is a first token: the wait is over, though there are no bytes to send yet"


Part = bytes | Milestone


@dataclass(frozen=True, slots=True)
class ResponseFormat:
    """Media type and framing of a response. ``error`` renders a problem after a 200 has been sent; None: the connection
    is cut, as a client could take the text for an answer."""

    media_type: str
    filler: bytes
    error: Callable[[ApiProblem], bytes] | None


SSE = ResponseFormat("text/event-stream", b": keep-alive\n\n", lambda problem: b"data: " + problem.json() + b"\n\n")
JSON = ResponseFormat("application/json", b"\n", None)


class LiveResponse(Response):
    """Sends the bytes that ``parts`` yields; closes ``parts`` in any case."""

    def __init__(self, parts: AsyncGenerator[Part, None], response_format: ResponseFormat, settings: Settings) -> None:
        super().__init__(
            media_type=response_format.media_type, headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        )
        del self.headers["content-length"]
        self._parts = parts
        self._format = response_format
        self._settings = settings
        self._accepted = asyncio.Event()
        self._started = False
        self._sending = False
        self._sent_at = 0.0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002, ASGI's own form
        loop = asyncio.get_running_loop()
        tasks = [
            loop.create_task(self._run(send)),
            loop.create_task(_wait_for_disconnect(receive)),
            loop.create_task(self._fill(send)),
        ]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self._parts.aclose()

    async def _run(self, send: Send) -> None:
        """Send everything from the first byte to the last; ends early only when the client stalls."""
        try:
            await self._send_all(send)
        except StalledError:
            logger.warning("a client stopped reading; its request is cancelled")
        except Exception as error:
            problem = problem_of(error)
            if not isinstance(error, FathomError | ApiError):
                logger.error("a generation failed", exc_info=error)
            await self._fail(problem, send)

    async def _send_all(self, send: Send) -> None:
        try:
            async with asyncio.timeout(self._settings.start_timeout):
                part = await anext(self._parts)
                self._accepted.set()
                if part is Milestone.ACCEPTED:
                    part = await anext(self._parts)
        except TimeoutError:
            raise UnavailableError("the request waited too long for its turn", "try again later") from None
        await self._send_part(send, part)
        async for part in self._parts:
            await self._send_part(send, part)
        await self._send(send, b"", more=False)

    async def _send_part(self, send: Send, part: Part) -> None:
        if isinstance(part, Milestone):
            return
        if not self._started and self._format is JSON:  # its one part with bytes, so its length is known
            self.headers["content-length"] = str(len(part))
        await self._send(send, part, more=True)

    async def _fill(self, send: Send) -> None:
        """Send ``filler`` in every silence once the request is accepted; never ends by itself."""
        await self._accepted.wait()
        loop = asyncio.get_running_loop()
        self._sent_at = loop.time()
        while True:
            await asyncio.sleep(max(0.0, self._sent_at + self._settings.keepalive - loop.time()))
            if not self._sending and loop.time() >= self._sent_at + self._settings.keepalive:
                await self._send(send, self._format.filler, more=True)

    async def _fail(self, problem: ApiProblem, send: Send) -> None:
        if self._started:
            if self._format.error is None:
                logger.warning("a response was cut off: %s", problem.message)
            else:
                await self._send(send, self._format.error(problem), more=False)
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


async def _wait_for_disconnect(receive: Receive) -> None:
    """Returns when the client has disconnected. (The request's body has been read before.)"""
    while (await receive())["type"] != "http.disconnect":
        pass
