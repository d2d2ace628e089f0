"""The queue between the engine's thread and the consumer of one request.

The engine's thread puts chunks in and never waits. A consumer that lags gets the chunks of a completion joined into
one, so a slow client costs the others nothing and itself no more memory than its own text.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Self

from fathom.base.errors import FathomError
from fathom.engine.request import Chunk, ValidatedRequest


class OutputQueue:
    """Chunks of one request on their way to a consumer on an event loop."""

    def __init__(self, validated: ValidatedRequest) -> None:
        self.validated = validated
        self.loop = asyncio.get_running_loop()
        self._arrived = asyncio.Event()
        self._lock = threading.Lock()
        self._pending: dict[int, list[Chunk]] = {}  # by completion
        self._open = set(range(validated.request.sampling.n))
        self._error: FathomError | None = None
        self._signalled = False

    @property
    def request_id(self) -> str:
        return self.validated.request.id

    def put(self, value: Chunk | FathomError) -> bool:
        """From the engine's thread: add a chunk, or the error that ends the request. Whether `wake` must be called.

        On a closed loop always: a wake-up that was still scheduled there is lost, and only another attempt shows it.
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

    def cancel(self) -> bool:
        """From the engine's thread: end every open completion as ``cancelled``. Whether `wake` must be called."""
        ends = [Chunk(index, "", (), finish_reason="cancelled") for index in sorted(self._open)]
        wakes = [self.put(end) for end in ends]
        return any(wakes)

    def wake(self) -> None:
        """On the loop: let a waiting `get` look again."""
        self._arrived.set()

    @property
    def is_finished(self) -> bool:
        """Whether nothing more can be put in."""
        return not self._open or self._error is not None

    async def get(self) -> Chunk | None:
        """On the loop: what has arrived for one completion; None after the last. Raises the error that ended it."""
        while True:
            with self._lock:
                if self._pending:
                    return join_chunks(self._pending.pop(next(iter(self._pending))))
                if self._error is not None:
                    raise self._error
                if not self._open:
                    return None
                self._signalled = False
                self._arrived.clear()
            await self._arrived.wait()


class ChunkStream:
    """An asynchronous iterator over the chunks of an accepted request; closing it cancels the request."""

    def __init__(self, output: OutputQueue, cancel: Callable[[OutputQueue], None]) -> None:
        self._output = output
        self._cancel = cancel

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Chunk:
        chunk = await self._output.get()
        if chunk is None:
            raise StopAsyncIteration
        return chunk

    async def aclose(self) -> None:
        self._cancel(self._output)


def join_chunks(chunks: list[Chunk]) -> Chunk:
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
        spans=tuple(span for chunk in chunks for span in chunk.spans),
        experts=chunks[-1].experts,
    )
