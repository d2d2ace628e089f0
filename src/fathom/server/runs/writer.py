"""What one run appends to its log: the difference between what it has written so far and what it says now."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from fathom.server.runs.fold import FoldedMessage, Part, fold
from fathom.server.runs.log import EventLog
from fathom.server.runs.records import RunEnd, RunRequest, RunState, RunWrite
from fathom.server.runs.segment import changes

DELAY = 0.02
"""Seconds that text may wait for more before it is appended."""
REPORT_MS = 1000
"""Milliseconds between two reports of what was generated so far."""


class RunWriter:
    """Appends the events of one run, and knows the message that they add up to.

    ``events`` are those stored by earlier processes. ``elapsed`` counts the time that the run has been at work, in any
    process, by a clock that does not jump.
    """

    def __init__(
        self,
        run: str,
        log: EventLog,
        events: Iterable[Mapping[str, Any]] = (),
        clock: Callable[[], float] = time.monotonic,
        *,
        delay: float = DELAY,
    ) -> None:
        events = list(events)
        self.run = run
        self.message: FoldedMessage = fold(events)
        self._log = log
        self._clock = clock
        self._delay = delay
        self._begun = clock() - max((event.get("at", 0) for event in events), default=0) / 1000
        self._paused: float | None = None
        self._next_report = self.elapsed + REPORT_MS
        self._timer: asyncio.TimerHandle | None = None
        self._emit: Callable[[], None] | None = None

    @property
    def elapsed(self) -> int:
        """Milliseconds of work so far."""
        return round(((self._clock() if self._paused is None else self._paused) - self._begun) * 1000)

    def pause(self) -> None:
        """No work follows in this process: what is said of the run's time from now on is its time so far."""
        self._paused = self._clock()

    @property
    def parts(self) -> tuple[Part, ...]:
        return self.message.parts

    def append(self, *events: Mapping[str, Any], state: RunState | None = None, **changed: Any) -> None:
        """Append events, and change the state of the run or columns of its row."""
        if events:
            self._fold(events)
        self._log.append(RunWrite(self.run, list(events), state, changes=changed))

    def freeze(self, request: RunRequest, **changed: Any) -> None:
        """Store what the run is made from."""
        self._log.append(RunWrite(self.run, [], "running", request, changes=changed))

    def put(self, position: int, part: Part) -> None:
        """Append a part as a whole."""
        self.append({"type": "part", "part": position, "value": part})

    def status(self, text: str) -> None:
        self.append({"type": "status", "text": text})

    def report(self, usage: Mapping[str, Any]) -> None:
        """Append how much was generated so far, at most once a second."""
        if self.elapsed >= self._next_report:
            self.append({"type": "usage", "usage": usage, "at": self.elapsed})
            self._next_report = self.elapsed + REPORT_MS

    def show(self, base: int, parts: Iterable[Part], *, exact: bool = False) -> None:
        """Append what leads to ``parts`` from position ``base`` on."""
        wanted = [(base + i, part) for i, part in enumerate(parts)]
        events = changes(dict(enumerate(self.parts)), wanted, exact=exact)
        if events:
            self.append(*events)
        if self._thought_has_ended(wanted):
            self.end_thinking()

    def emit_soon(self, emit: Callable[[], None]) -> None:
        """Call ``emit`` a little later, once for all that comes until then."""
        self._emit = emit
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(self._delay, self.emit_now)

    def emit_now(self) -> None:
        """Call what waits to be called."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        emit, self._emit = self._emit, None
        if emit is not None:
            emit()

    def end_thinking(self) -> None:
        """Append the time of a thought that has none yet: it ends here."""
        if any(part["type"] == "thinking" and part["ms"] is None for part in self.parts):
            self.append({"type": "thinking_ended", "ms": self.elapsed})

    def finish(self, end: RunEnd, request: RunRequest | None = None) -> None:
        """Append the end of the run, and store what is kept of its request."""
        event = {
            "type": "finished",
            "state": end.state,
            "finish_reason": end.finish_reason,
            "usage": end.usage,
            "error": end.error,
        }
        self._fold((event,))
        self._log.append(RunWrite(self.run, [event], end.state, request, end))

    def _thought_has_ended(self, wanted: list[tuple[int, Part]]) -> bool:
        """Whether something follows a thought that has no time yet."""
        known = dict(enumerate(self.parts))
        followed = (position for position, part in wanted[:-1] if part["type"] == "thinking")
        return any(known[position]["ms"] is None for position in followed if position in known)

    def _fold(self, events: Iterable[Mapping[str, Any]]) -> None:
        """Numbers here only order the events: the log gives the final ones."""
        first = self.message.sequence + 1
        self.message = fold(({**event, "sequence": first + i} for i, event in enumerate(events)), self.message)
