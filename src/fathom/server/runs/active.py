"""A run that is at work in this process: its task, and what it has said, for readers who join."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from fathom.server.runs.fold import FoldedMessage, fold
from fathom.server.runs.records import RunRecord, RunState

if TYPE_CHECKING:
    from fathom.server.runs.execution import RunExecution

INTERNAL = frozenset({"tokens", "segment", "segment_ended", "call", "answer_now"})
"""Types of events that only a run that is resumed reads."""
TAIL = 500
"""The last events, for readers who were away for a moment."""


def public_events(events: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The events that readers see."""
    return [event for event in events if event["type"] not in INTERNAL]


class ActiveRun:
    """``events`` are those that were stored before this process began it."""

    def __init__(self, record: RunRecord, execution: RunExecution, events: Iterable[Mapping[str, Any]]) -> None:
        self.record = record
        self.execution = execution
        self.state: RunState = record.state
        self.task: asyncio.Task[None] | None = None
        self.message = FoldedMessage()
        self._tail: deque[Mapping[str, Any]] = deque(maxlen=TAIL)
        self._dropped = False
        self.take(events)

    @property
    def seed(self) -> int:
        return self.record.request.seed

    def take(self, events: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
        """Add events; those that readers see."""
        shown = public_events(events)
        self._dropped = self._dropped or len(self._tail) + len(shown) > TAIL
        self._tail.extend(shown)
        self.message = fold(shown, self.message)
        return shown

    def events_after(self, number: int) -> list[Mapping[str, Any]] | None:
        """What a reader who has all events up to ``number`` lacks; None where that is not known here."""
        known = number == 0 and not self._dropped
        if not known and all(event["sequence"] != number for event in self._tail):
            return None
        return [event for event in self._tail if event["sequence"] > number]


def run_json(record: RunRecord, active: ActiveRun | None = None) -> dict[str, Any]:
    """A run as the API has it. ``thinking_ms`` is the time until the thinking ended, or so far."""
    thinking = None
    if record.thinking_started is not None and record.thinking_ended is not None:
        thinking = record.thinking_ended - record.thinking_started
    elif active is not None and active.state != "interrupted":
        thinking = active.execution.thinking_ms
    return {
        "id": record.id,
        "conversation": record.conversation,
        "message": record.message,
        "state": active.state if active is not None else record.state,
        "model": (active.execution.request if active is not None else record.request).model,
        "seed": record.request.seed,
        "sequence": active.message.sequence if active is not None else record.sequence,
        "thinking_ms": thinking,
        "created": record.created,
        "started": record.started,
        "finished": record.finished,
    }
