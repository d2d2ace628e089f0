"""Runs that wait for their model: asked after now and then, and at once where a model of this machine changes.

Asking loads nothing. A run that was let go and had to wait again is asked after ever more rarely.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress

from fathom.base.errors import FathomError
from fathom.server.runs.abandoned import run_to_end

logger = logging.getLogger(__name__)

FIRST_PAUSE = 2.0
LONGEST_PAUSE = 300.0
"""Seconds between two questions whether a model is there."""


class WaitingRuns:
    """``check`` raises FathomError while the model of a run is not there; ``resume`` lets a run go on."""

    def __init__(
        self,
        check: Callable[[str], Awaitable[None]],
        resume: Callable[[str], Awaitable[None]],
        *,
        pause: float = FIRST_PAUSE,
    ) -> None:
        self._check = check
        self._resume = resume
        self._first = pause
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._pauses: dict[str, float] = {}  # of runs that have waited in this process
        self._changed = asyncio.Event()

    def add(self, run: str) -> None:
        """``run`` waits from now on."""
        self._tasks[run] = asyncio.create_task(self._wait(run))

    def remove(self, run: str) -> None:
        """``run`` has ended."""
        self._pauses.pop(run, None)
        task = self._tasks.pop(run, None)
        if task is not None:
            task.cancel()

    def wake(self) -> None:
        """Ask at once: a model was loaded, fetched or removed."""
        self._changed.set()
        self._changed = asyncio.Event()

    async def close(self) -> None:
        tasks = list(self._tasks.values())
        for run in list(self._tasks):
            self.remove(run)
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _wait(self, run: str) -> None:
        while True:
            pause = self._pauses.get(run, self._first)
            self._pauses[run] = min(2 * pause, LONGEST_PAUSE)
            with suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._changed.wait()
            try:
                await run_to_end(self._check(run))
                await run_to_end(self._resume(run))
            except FathomError:
                continue
            except Exception:  # it is asked again
                logger.exception("run %s could not go on, and waits", run)
                continue
            del self._tasks[run]
            return
