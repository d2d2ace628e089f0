"""The life of the backend: loading → ready or failed.

Loading takes from a second to minutes, and a person who opened the page should not look at a dead socket meanwhile. So
the server listens at once, a thread loads, ``state`` tells how far it is, and requests that come early wait for the
same future. A load that fails leaves the server up: the page and the API then say what is wrong and what to do.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass

from fathom.base.errors import FathomError
from fathom.server.errors import StoppingError, UnavailableError
from fathom.server.models.backend import Backend, Progress

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Loading:
    """``fraction`` in 0…1, None where unknown."""

    text: str = "starting"
    fraction: float | None = None


@dataclass(frozen=True, slots=True)
class Ready:
    backend: Backend


@dataclass(frozen=True, slots=True)
class Failed:
    error: FathomError


State = Loading | Ready | Failed


class Runtime:
    """Loads a backend beside the event loop and hands it to whoever awaits it.

    ``load`` runs in a thread of its own and reports through the function it is given. ``on_failure`` hears, on the
    event loop, of a load that failed.
    """

    def __init__(self, load: Callable[[Progress], Backend]) -> None:
        self.state: State = Loading()
        self.on_failure: Callable[[FathomError], None] | None = None
        self._load = load
        self._settled = asyncio.Event()
        self._closed = False

    def start(self) -> None:
        """Begin to load. Must be called on the event loop that will serve."""
        loop = asyncio.get_running_loop()
        # a daemon: a process that is told to stop does not wait for gigabytes to be read
        threading.Thread(target=self._run, args=(loop,), name="fathom-load", daemon=True).start()

    @property
    def closed(self) -> bool:
        return self._closed

    async def backend(self) -> Backend:
        """The backend, as soon as there is one. Raises UnavailableError where there will be none."""
        await self._settled.wait()
        if self._closed:
            raise StoppingError
        if isinstance(self.state, Ready):
            return self.state.backend
        assert isinstance(self.state, Failed)
        raise UnavailableError(f"the model could not be loaded: {self.state.error.message}", self.state.error.remedy)

    async def close(self) -> None:
        """Let go of the backend; whoever still waits hears that the server is going down."""
        self._closed = True
        self._settled.set()
        if isinstance(self.state, Ready):
            await asyncio.to_thread(self.state.backend.engine.close)

    def _run(self, loop: asyncio.AbstractEventLoop) -> None:
        try:
            state: State = Ready(self._load(self._report))
        except FathomError as error:
            state = Failed(error)
        except Exception as error:  # whatever a file on disk can provoke: told to the person, with the traceback logged
            logger.exception("loading the model failed")
            state = Failed(FathomError(f"{type(error).__name__}: {error}", "the log has the details"))
        try:
            loop.call_soon_threadsafe(self._settle, state)
        except RuntimeError:  # the loop has closed meanwhile: nobody waits any more
            if isinstance(state, Ready):
                state.backend.engine.close()

    def _report(self, text: str, fraction: float | None) -> None:
        self.state = Loading(text, fraction)

    def _settle(self, state: State) -> None:
        if self._closed:
            if isinstance(state, Ready):
                state.backend.engine.close()
            return
        self.state = state
        self._settled.set()
        if isinstance(state, Failed):
            logger.error("the model could not be loaded: %s", state.error)
            if self.on_failure is not None:
                self.on_failure(state.error)
