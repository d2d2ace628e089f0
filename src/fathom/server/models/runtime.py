"""The life cycle of the served model: loading → ready or failed; or absent, where the server has none of its own.

Loading takes from a second to minutes. The server listens at once, a thread loads, ``state`` holds the progress, and
requests that arrive early wait for the model. A failed load leaves the server up: the page and the API then report the
error and its remedy.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass

from fathom.base.errors import FathomError
from fathom.server.errors import StoppingError, UnavailableError
from fathom.server.models.served_model import Progress, ServedModel

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Loading:
    """``fraction`` in 0…1, None where unknown."""

    text: str = "starting"
    fraction: float | None = None


@dataclass(frozen=True, slots=True)
class Ready:
    model: ServedModel


@dataclass(frozen=True, slots=True)
class Failed:
    error: FathomError


@dataclass(frozen=True, slots=True)
class Absent:
    """The server was started without a model of its own: others answer, on request."""


State = Loading | Ready | Failed | Absent


class Runtime:
    """Loads a model in a thread while the event loop runs; `model` awaits it.

    ``load`` reports its progress through the function it is given; None: there is no model to load. ``on_failure`` is
    called with the error of a failed load, on the event loop.
    """

    def __init__(self, load: Callable[[Progress], ServedModel] | None) -> None:
        self.state: State = Loading() if load is not None else Absent()
        self.on_failure: Callable[[FathomError], None] | None = None
        self._load = load
        self._finished = asyncio.Event()
        self._closed = False

    def start(self) -> None:
        """Start loading. Must be called on the event loop that will serve."""
        if self._load is None:
            self._finished.set()
            return
        loop = asyncio.get_running_loop()
        # a daemon: a process that must stop does not wait for gigabytes to be read
        threading.Thread(target=self._run, args=(loop,), name="fathom-load", daemon=True).start()

    @property
    def closed(self) -> bool:
        return self._closed

    async def model(self) -> ServedModel:
        """Wait for the model. Raises UnavailableError where loading failed or there is none, StoppingError on a closed
        runtime."""
        await self._finished.wait()
        if self._closed:
            raise StoppingError
        if isinstance(self.state, Ready):
            return self.state.model
        if isinstance(self.state, Absent):
            raise UnavailableError("this server has no model of its own", "name one of those that GET /v1/models lists")
        assert isinstance(self.state, Failed)
        raise UnavailableError(f"the model could not be loaded: {self.state.error.message}", self.state.error.remedy)

    async def close(self) -> None:
        """Close the engine; callers that still wait for the model get a StoppingError."""
        self._closed = True
        self._finished.set()
        if isinstance(self.state, Ready):
            await asyncio.to_thread(self.state.model.engine.close)

    def _run(self, loop: asyncio.AbstractEventLoop) -> None:
        assert self._load is not None
        try:
            state: State = Ready(self._load(self._report))
        except FathomError as error:
            state = Failed(error)
        except Exception as error:  # a broken file can raise anything: reported to clients, traceback in the log
            logger.exception("loading the model failed")
            state = Failed(FathomError(f"{type(error).__name__}: {error}", "the log has the details"))
        try:
            loop.call_soon_threadsafe(self._set_state, state)
        except RuntimeError:  # the loop was closed meanwhile
            if isinstance(state, Ready):
                state.model.engine.close()

    def _report(self, text: str, fraction: float | None) -> None:
        self.state = Loading(text, fraction)

    def _set_state(self, state: State) -> None:
        if self._closed:
            if isinstance(state, Ready):
                state.model.engine.close()
            return
        self.state = state
        self._finished.set()
        if isinstance(state, Failed):
            logger.error("the model could not be loaded: %s", state.error)
            if self.on_failure is not None:
                self.on_failure(state.error)
