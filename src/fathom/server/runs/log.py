"""The event log: one writer for all runs, which stores what they append in batches and delivers what is stored.

Runs append events as they happen; every few hundredths of a second one transaction stores what has come, neighbouring
pieces of the same text joined into one event. Events get their numbers then, and readers see them once they are stored,
so that a reader never holds a number that a crash could give to something else.

Where the database cannot be written (a full disk, a lock of another process) runs go on: their events wait in memory,
and are delivered at once, numbered as they will be stored. Should the process end before they are, their numbers are
not used again: a run that is resumed counts on from a gap.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol

from fathom.base.errors import StorageError
from fathom.server.runs.records import RunWrite

logger = logging.getLogger(__name__)

PAUSE = 0.05
"""Seconds between two transactions: text is stored and shown no later than this and one transaction after it came."""
RETRY = 1.0
GAP = 1_000_000
"""Between the last stored number and the first of a resumed run: more than any run delivers without storing it."""


class RunStore(Protocol):
    """Where the log stores."""

    async def write(self, writes: Sequence[RunWrite]) -> frozenset[str]:
        """Store all of them or none, and return the runs that no longer exist. Raises StorageError."""
        ...


class EventLog:
    """``deliver`` is called with every write in order, once it is stored (or at once, while nothing can be stored).

    ``on_problem`` is called with the error when storing begins to fail, and with None when it works again; ``on_lost``
    with runs whose conversation was deleted meanwhile.
    """

    def __init__(
        self,
        store: RunStore,
        deliver: Callable[[RunWrite], None],
        *,
        on_problem: Callable[[StorageError | None], None] = lambda _: None,
        on_lost: Callable[[frozenset[str]], None] = lambda _: None,
        pause: float = PAUSE,
        retry: float = RETRY,
    ) -> None:
        self.problem: StorageError | None = None
        self._store = store
        self._deliver = deliver
        self._on_problem = on_problem
        self._on_lost = on_lost
        self._pause = pause
        self._retry = retry
        self._pending: dict[str, RunWrite] = {}  # by run, in order of arrival
        self._sequences: dict[str, int] = {}
        self._arrived = asyncio.Event()
        self._appended = self._taken = self._kept = 0  # writes, counted
        self._stored = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to store. Must be called on the event loop that will append."""
        self._task = asyncio.create_task(self._run())

    async def close(self, seconds: float = 5.0) -> None:
        """Store what is left, for at most so long, and end."""
        if self._task is None:
            return
        try:
            async with asyncio.timeout(seconds):
                await self.drain()
        except TimeoutError:
            logger.error("the end of some answers could not be stored; they will be generated again")
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    def begin(self, run: str, sequence: int) -> None:
        """Number the events of ``run`` from the one after ``sequence``."""
        self._sequences[run] = sequence

    def forget(self, run: str) -> None:
        """No event of ``run`` follows."""
        self._sequences.pop(run, None)

    def append(self, write: RunWrite) -> None:
        """Store ``write`` soon. Its events have no numbers yet."""
        before = self._pending.get(write.run)
        self._pending[write.run] = _merge_writes(before, write) if before else write
        self._appended += 1
        self._arrived.set()

    async def drain(self) -> None:
        """Wait until all that was appended so far is stored."""
        wanted = self._appended
        while self._kept < wanted:
            self._stored.clear()
            await self._stored.wait()

    async def _run(self) -> None:
        while True:
            await self._arrived.wait()
            try:
                await self._store_batch(self._take())
            except Exception:  # the runs of all readers depend on this task
                logger.exception("events were stored, and could not be delivered")
            self._kept = self._taken
            self._stored.set()
            await asyncio.sleep(self._pause)

    def _take(self) -> list[RunWrite]:
        """What is pending, numbered."""
        self._arrived.clear()
        self._taken = self._appended
        pending, self._pending = self._pending, {}
        return [self._number(write) for write in pending.values()]

    def _number(self, write: RunWrite) -> RunWrite:
        first = self._sequences.get(write.run, 0) + 1
        events = [{**event, "sequence": first + i} for i, event in enumerate(coalesce_events(write.events))]
        self._sequences[write.run] = first + len(events) - 1
        return replace(write, events=events)

    async def _store_batch(self, batch: list[RunWrite]) -> None:
        delivered = 0
        while True:
            try:
                lost = await self._store.write(batch)
                break
            except StorageError as error:
                self._set_problem(error)
            except Exception:  # a bug in one run's events must not keep those of others
                logger.exception("events could not be stored")
                lost = await self._store_apart(batch)
                break
            for write in batch[delivered:]:
                self._deliver(write)
            delivered = len(batch)
            await asyncio.sleep(self._retry)
            batch += self._take()
        self._set_problem(None)
        if lost:
            self._on_lost(lost)
        for write in batch[delivered:]:
            if write.run not in lost:
                self._deliver(write)

    async def _store_apart(self, batch: Sequence[RunWrite]) -> frozenset[str]:
        """Store each write by itself; the runs whose write cannot be stored."""
        lost: set[str] = set()
        for write in batch:
            try:
                lost |= await self._store.write([write])
            except Exception:
                logger.exception("run %s is given up", write.run)
                lost.add(write.run)
        return frozenset(lost)

    def _set_problem(self, problem: StorageError | None) -> None:
        changed = (problem is None) != (self.problem is None)
        self.problem = problem
        if changed:
            self._on_problem(problem)


def coalesce_events(events: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Pieces of one text as one event, and tokens of one completion, up to the next event of another kind."""
    joined: list[dict[str, Any]] = []
    growing: dict[tuple[object, ...], dict[str, Any]] = {}
    for event in events:
        key = _text_key(event)
        if key is None:
            growing.clear()
        elif key in growing:
            name = "ids" if event["type"] == "tokens" else "text"
            growing[key][name] += event[name]
            continue
        joined.append(dict(event))
        if key is not None:
            growing[key] = joined[-1]
    return joined


def _text_key(event: Mapping[str, Any]) -> tuple[object, ...] | None:
    """What two events must share to be one; None: it stays by itself."""
    match event["type"]:
        case "delta":
            return "delta", event["part"], event["kind"]
        case "candidate":
            return "candidate", event["index"], event["kind"]
        case "tokens":
            return "tokens", event["segment"], event["branch"]
    return None


def _merge_writes(first: RunWrite, second: RunWrite) -> RunWrite:
    return RunWrite(
        first.run,
        [*first.events, *second.events],
        second.state or first.state,
        second.request or first.request,
        second.end or first.end,
        {**first.changes, **second.changes},
    )
