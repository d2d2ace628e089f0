"""The engine beside an event loop: one thread steps the core, asyncio hands requests in and chunks out.

One thread rather than a process, because torch leaves the interpreter while it computes, and weights need no second
copy. Requests and cancellations go to the thread through a queue that it empties between steps; what a step brought
goes back in a single call per event loop.
"""

from __future__ import annotations

import asyncio
import logging
import queue
import threading
from types import TracebackType
from typing import Self

from fathom.base.errors import GenerationError, OverloadedError, RequestError
from fathom.engine.config import EngineConfig
from fathom.engine.core import EngineCore, Output
from fathom.engine.request import EngineStats, Request
from fathom.engine.runner import LanguageModel
from fathom.engine.stream import OutputQueue, Stream
from fathom.engine.vocabulary import Vocabulary

_log = logging.getLogger(__name__)


class Engine:
    """Serves a model to any number of tasks. ``with Engine(model, tokenizer) as engine`` starts and closes it."""

    def __init__(
        self, model: LanguageModel, tokenizer: Vocabulary | None = None, config: EngineConfig | None = None
    ) -> None:
        self._core = EngineCore(model, tokenizer, config)
        self._commands: queue.SimpleQueue[OutputQueue | str | None] = queue.SimpleQueue()  # add, cancel, stop
        self._mailboxes: dict[str, OutputQueue] = {}
        self._leaving: set[str] = set()  # abandoned, and not yet out of the core
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
        """Stop after the step at hand and join the thread. What is in flight ends as ``cancelled``."""
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

    def generate(self, request: Request) -> Stream:
        """Chunks of all completions, as they come; see `Stream` for when it raises what."""
        return Stream(self, request)

    def stats(self) -> EngineStats:
        """A snapshot of the counters, from any thread."""
        return self._core.stats()

    async def submit(self, request: Request) -> OutputQueue:
        """Hand a request to the thread. Raises RequestError, OverloadedError; GenerationError on a closed engine."""
        if request.grammar is None:
            self._core.validate(request)
        else:  # compiling a grammar can take long enough for other tasks to notice
            await asyncio.to_thread(self._core.validate, request)
        mailbox = OutputQueue(request)
        with self._lock:
            if self._thread is None:
                raise GenerationError("the engine is not running", "start it")
            if request.id in self._mailboxes or request.id in self._leaving:
                raise RequestError(f"request {request.id} is already running", "choose another id")
            taken = sum(other.request.sampling.n for other in self._mailboxes.values())
            if taken + request.sampling.n > self._core.capacity:
                raise OverloadedError(f"the queue is full with {taken} completions", "try again later")
            self._mailboxes[request.id] = mailbox
            self._commands.put(mailbox)
        return mailbox

    def abandon(self, request_id: str) -> None:
        """Cancel a request, from any thread; one that is not in flight is ignored."""
        with self._lock:
            if self._mailboxes.pop(request_id, None) is not None:
                self._leaving.add(request_id)
                self._commands.put(request_id)

    def _run(self) -> None:
        try:
            while self._obey():
                self._deliver(self._step())
        finally:
            self._core.cancel_all()
            with self._lock:
                self._thread = None
                self._commands = queue.SimpleQueue()  # what came too late is answered here and now
                self._leaving.clear()
                left, self._mailboxes = list(self._mailboxes.values()), {}
            self._signal([mailbox for mailbox in left if mailbox.cut_off()])

    def _obey(self) -> bool:
        """Empty the queue; wait at it when there is nothing to compute. False: stop."""
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
                    self._leaving.discard(command)
            else:
                self._add(command)

    def _add(self, mailbox: OutputQueue) -> None:
        try:
            self._core.add(mailbox.request)
        except Exception as error:
            self._deliver([Output(mailbox.request.id, _explain(error))])

    def _step(self) -> list[Output]:
        try:
            return self._core.step()
        except Exception as error:  # the core handles what a model may do; this is a mistake of ours
            return self._core.fail_all(_explain(error))

    def _deliver(self, outputs: list[Output]) -> None:
        sleeping = []
        with self._lock:
            for request_id, value in outputs:
                mailbox = self._mailboxes.get(request_id)
                if mailbox is None:  # abandoned meanwhile; its cancellation is in the queue
                    continue
                if mailbox.put(value):
                    sleeping.append(mailbox)
                if mailbox.is_finished:
                    del self._mailboxes[request_id]
        self._signal(sleeping)

    def _signal(self, sleeping: list[OutputQueue]) -> None:
        """One call for each event loop."""
        for loop in {mailbox.loop for mailbox in sleeping}:
            mailboxes = [mailbox for mailbox in sleeping if mailbox.loop is loop]
            try:
                loop.call_soon_threadsafe(_wake, mailboxes)
            except RuntimeError:  # the loop was closed with requests in flight
                for mailbox in mailboxes:
                    self.abandon(mailbox.request.id)


def _explain(error: Exception) -> GenerationError | RequestError | OverloadedError:
    if isinstance(error, GenerationError | RequestError | OverloadedError):
        return error
    _log.exception("the engine failed", exc_info=error)
    return GenerationError(f"the engine failed: {error}", "report this")


def _wake(mailboxes: list[OutputQueue]) -> None:
    for mailbox in mailboxes:
        mailbox.wake()
