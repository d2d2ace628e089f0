"""The consumer's end of a request: chunks as they come, and a way to leave.

The engine's thread drops chunks into a mailbox and never waits; a consumer that lags finds them joined, one piece per
completion, so a slow client costs the others nothing and itself no more than its own text.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator
from types import TracebackType
from typing import Any, Protocol, Self

from fathom.base.errors import FathomError
from fathom.engine.request import Chunk, Request


class OutputQueue:
    """Between the engine's thread and one consumer on an event loop."""

    def __init__(self, request: Request) -> None:
        self.request = request
        self.loop = asyncio.get_running_loop()
        self.arrived = asyncio.Event()
        self._lock = threading.Lock()
        self._pending: dict[int, list[Chunk]] = {}
        self._open = set(range(request.sampling.n))
        self._error: FathomError | None = None
        self._signalled = False

    def put(self, value: Chunk | FathomError) -> bool:
        """From the engine's thread. Whether the consumer has to be woken.

        On a closed loop always: a call that was still waiting there is lost, and only another one finds that out.
        """
        with self._lock:
            if isinstance(value, Chunk):
                self._pending.setdefault(value.index, []).append(value)
                if value.finish_reason is not None:
                    self._open.discard(value.index)
            else:
                self._error = value
            wake, self._signalled = not self._signalled, True
            return wake or self.loop.is_closed()

    def cut_off(self) -> bool:
        """From the engine's thread: every open completion ends here. Whether the consumer has to be woken."""
        ends = [Chunk(index, "", (), finish_reason="cancelled") for index in sorted(self._open)]
        wakes = [self.put(end) for end in ends]
        return any(wakes)

    def wake(self) -> None:
        """On the loop: tell the consumer, unless it has taken everything already."""
        with self._lock:
            if self._pending or self.is_finished:
                self.arrived.set()

    @property
    def is_finished(self) -> bool:
        """Whether nothing more can be put in."""
        return not self._open or self._error is not None

    def take(self) -> Chunk | None:
        """On the loop: what has come for one completion; None when there is nothing yet. Raises what ended it."""
        with self._lock:
            if self._pending:
                return join(self._pending.pop(next(iter(self._pending))))
            if self._error is not None:
                raise self._error
            if not self._open:
                raise StopAsyncIteration
            self._signalled = False
            self.arrived.clear()
            return None


def join(chunks: list[Chunk]) -> Chunk:
    """Consecutive chunks of one completion as one."""
    if len(chunks) == 1:
        return chunks[0]
    return Chunk(
        index=chunks[0].index,
        text="".join(chunk.text for chunk in chunks),
        token_ids=tuple(token for chunk in chunks for token in chunk.token_ids),
        logprobs=tuple(logprob for chunk in chunks for logprob in chunk.logprobs),
        finish_reason=chunks[-1].finish_reason,
        cached_tokens=chunks[-1].cached_tokens,
        prompt_logprobs=chunks[0].prompt_logprobs,
        experts=chunks[-1].experts,
    )


class Front(Protocol):
    """What a stream asks of its engine."""

    async def submit(self, request: Request) -> OutputQueue: ...

    def abandon(self, request_id: str) -> None: ...


class Stream(AsyncGenerator[Chunk, None]):
    """Iterate over it for chunks. Leaving it — closing, cancelling the task that waits, dropping it — ends the request.

    The request is sent by `ready` or the first step of the iteration, whichever comes first; that is where
    RequestError and OverloadedError come from. GenerationError may come later. When the engine is closed, what still
    runs ends with the reason ``cancelled``.
    """

    def __init__(self, front: Front, request: Request) -> None:
        self._front = front
        self.request = request
        self._mailbox: OutputQueue | None = None
        self._closed = False

    async def ready(self) -> None:
        """Send the request, unless that is done. Returns once it is accepted, not once it runs."""
        if self._mailbox is None and not self._closed:
            self._mailbox = await self._front.submit(self.request)

    async def wait(self, timeout: float) -> bool:
        """Whether the next step of the iteration will return at once, after at most ``timeout`` seconds.

        For servers that must say something while a client is kept waiting; unlike ``asyncio.wait_for`` around the
        iteration it leaves the request alone when the time is over.
        """
        await self.ready()
        if self._mailbox is None:
            return True
        try:
            await asyncio.wait_for(self._mailbox.arrived.wait(), timeout)
        except TimeoutError:
            return False
        return True

    async def __anext__(self) -> Chunk:
        await self.ready()
        if self._mailbox is None or self._closed:
            raise StopAsyncIteration
        try:
            while (chunk := self._mailbox.take()) is None:
                await self._mailbox.arrived.wait()
        except BaseException:
            self._leave()
            raise
        return chunk

    async def asend(self, value: None) -> Chunk:  # noqa: ARG002, the form of a generator
        """The next chunk; there is nothing to send."""
        return await self.__anext__()

    async def athrow(self, *error: Any) -> Chunk:
        """End the request with an error of the caller's, as a generator that does not catch it would."""
        self._leave()
        raise error[1] if len(error) > 1 and error[1] is not None else error[0]

    async def aclose(self) -> None:
        """End the request, if it still runs, and free its pages."""
        self._leave()

    async def __aenter__(self) -> Self:
        await self.ready()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._leave()

    def __del__(self) -> None:
        self._leave()

    def _leave(self) -> None:
        if not self._closed:
            self._closed = True
            if self._mailbox is not None and not self._mailbox.is_finished:
                self._front.abandon(self.request.id)
