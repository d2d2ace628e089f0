"""The engine for an event loop: one thread steps the core, asyncio tasks submit requests and receive chunks.

A thread rather than a process, because torch releases the interpreter lock while it computes, and weights need no
second copy. Requests and cancellations reach the thread through a queue that it empties between steps; the output of a
step wakes the consumers by one call per event loop.
"""

from __future__ import annotations

import asyncio
import logging
import queue
import threading
from collections.abc import AsyncGenerator
from contextlib import aclosing
from types import TracebackType
from typing import Self

from fathom.base.errors import GenerationError, OverloadedError, RequestError
from fathom.engine.config import EngineConfig
from fathom.engine.core import EngineCore, Output
from fathom.engine.output_queue import ChunkStream, OutputQueue
from fathom.engine.request import Chunk, EngineStats, Request, ValidatedRequest
from fathom.engine.runner import LanguageModel
from fathom.engine.vocabulary import Vocabulary

_log = logging.getLogger(__name__)


class Engine:
    """Serves a model to any number of tasks. ``with Engine(model, tokenizer) as engine`` starts and closes it."""

    def __init__(
        self, model: LanguageModel, tokenizer: Vocabulary | None = None, config: EngineConfig | None = None
    ) -> None:
        self._core = EngineCore(model, tokenizer, config)
        self._commands: queue.SimpleQueue[OutputQueue | str | None] = queue.SimpleQueue()  # add, cancel, stop
        self._outputs: dict[str, OutputQueue] = {}  # by request id
        self._cancelling: set[str] = set()  # ids that were cancelled and are not out of the core yet
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    @property
    def max_context(self) -> int:
        """The most tokens of a prompt and its completion together."""
        return self._core.max_context

    def start(self) -> None:
        """Start the thread, unless it runs."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="fathom-engine", daemon=True)
            self._thread.start()

    def close(self) -> None:
        """Stop after the current step and join the thread. Requests in flight end as ``cancelled``."""
        with self._lock:
            thread, self._thread = self._thread, None
            if thread is not None:
                self._commands.put(None)
        if thread is not None:
            thread.join()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def stats(self) -> EngineStats:
        """A snapshot of the counters, from any thread."""
        return self._core.stats()

    async def submit(self, request: Request) -> ChunkStream:
        """Queue a request: the stream of its chunks, which must be closed unless it is read to its end.

        Raises RequestError or OverloadedError where the request is not accepted, and GenerationError on a closed
        engine; the stream may raise GenerationError later. Where the engine is closed meanwhile, open completions end
        with the reason ``cancelled``.
        """
        return ChunkStream(await self._enqueue_output(request), self._cancel)

    async def generate(self, request: Request) -> AsyncGenerator[Chunk, None]:
        """`submit`, and the chunks as they come. Closing or dropping the generator cancels the request."""
        async with aclosing(await self.submit(request)) as chunks:
            async for chunk in chunks:
                yield chunk

    async def _enqueue_output(self, request: Request) -> OutputQueue:
        if request.grammar is None:
            validated = self._core.validate(request)
        else:  # compiling a grammar can take long enough for other tasks to notice
            validated = await asyncio.to_thread(self._core.validate, request)
        output = OutputQueue(validated)
        with self._lock:
            if self._thread is None:
                raise GenerationError("the engine is not running", "start it")
            if request.id in self._outputs or request.id in self._cancelling:
                raise RequestError(f"request {request.id} is already running", "choose another id")
            taken = sum(other.validated.request.sampling.n for other in self._outputs.values())
            if taken + request.sampling.n > self._core.capacity:
                raise OverloadedError(f"the queue is full with {taken} completions", "try again later")
            self._outputs[request.id] = output
            self._commands.put(output)
        return output

    def _cancel(self, output: OutputQueue) -> None:
        """Cancel a request, from any thread; one that is not in flight is ignored."""
        with self._lock:
            if self._outputs.get(output.request_id) is output:
                del self._outputs[output.request_id]
                self._cancelling.add(output.request_id)
                self._commands.put(output.request_id)

    def _run(self) -> None:
        try:
            while self._run_commands():
                self._deliver(self._step())
        finally:
            self._core.cancel_all()
            with self._lock:
                self._thread = None
                self._commands = queue.SimpleQueue()  # commands that came too late are dropped with it
                self._cancelling.clear()
                left, self._outputs = list(self._outputs.values()), {}
            self._wake([output for output in left if output.cancel()])

    def _run_commands(self) -> bool:
        """Empty the command queue; block on it where there is nothing to compute. False: stop."""
        wait = not self._core.has_work
        while True:
            try:
                command = self._commands.get(block=wait)
            except queue.Empty:
                return True
            wait = False
            if command is None:
                return False
            if isinstance(command, str):
                self._core.cancel(command)
                with self._lock:
                    self._cancelling.discard(command)
            else:
                self._enqueue(command.validated)

    def _enqueue(self, validated: ValidatedRequest) -> None:
        try:
            self._core.enqueue(validated)
        except Exception as error:
            self._deliver([Output(validated.request.id, _to_engine_error(error))])

    def _step(self) -> list[Output]:
        try:
            return self._core.step()
        except Exception as error:  # the core handles errors of the model: this one is a bug in the engine
            return self._core.fail_all(_to_engine_error(error))

    def _deliver(self, outputs: list[Output]) -> None:
        sleeping = []
        with self._lock:
            for request_id, value in outputs:
                output = self._outputs.get(request_id)
                if output is None:  # cancelled meanwhile; the command is in the queue
                    continue
                if output.put(value):
                    sleeping.append(output)
                if output.is_finished:
                    del self._outputs[request_id]
        self._wake(sleeping)

    def _wake(self, sleeping: list[OutputQueue]) -> None:
        """Wake consumers by one call for each event loop."""
        for loop in {output.loop for output in sleeping}:
            outputs = [output for output in sleeping if output.loop is loop]
            try:
                loop.call_soon_threadsafe(_wake_all, outputs)
            except RuntimeError:  # the loop was closed with requests in flight
                for output in outputs:
                    self._cancel(output)


def _to_engine_error(error: Exception) -> GenerationError | RequestError | OverloadedError:
    if isinstance(error, GenerationError | RequestError | OverloadedError):
        return error
    _log.exception("the engine failed", exc_info=error)
    reason = GenerationError("the engine failed", "report what its log says")
    reason.__cause__ = error
    return reason


def _wake_all(outputs: list[OutputQueue]) -> None:
    for output in outputs:
        output.wake()
