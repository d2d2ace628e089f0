"""The live feed: what changes, to every open stream, as it changes.

A subscription is a bounded queue of encoded events and costs nothing while nothing happens. A reader that does not keep
up is cut off: its client opens a new stream and reads the present state, which is cheaper than a replay.
"""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Mapping
from typing import Any

from fathom.base.errors import StorageError
from fathom.server.store.ids import new_id

MOST_EVENTS = 2_000
"""Events that a reader may be behind."""


def frame(name: str, data: Any, number: int | None = None) -> bytes:
    """One server-sent event."""
    identifier = b"" if number is None else b"id: %d\n" % number
    body = json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
    return identifier + b"event: " + name.encode() + b"\ndata: " + body + b"\n\n"


def storage_state(problem: StorageError | None) -> dict[str, Any]:
    """The data of a `storage` event: why answers cannot be stored now; null: they can."""
    return {"error": None if problem is None else {"message": problem.message, "remedy": problem.remedy}}


class Subscription:
    """The events of one stream. ``conversation``: whose runs it carries in full; of the others it hears when they begin
    and end. ``run``: it carries this run and nothing else.
    """

    def __init__(self, conversation: str | None = None, run: str | None = None) -> None:
        self.conversation = conversation
        self.run = run
        self.closed = False
        self.numbers: dict[str, int] = {}  # by run: events up to these the stream has already
        self._frames: deque[tuple[str | None, int, bytes]] = deque()
        self._arrived = asyncio.Event()

    def put(self, data: bytes, run: str | None = None, number: int = 0) -> None:
        """Queue a frame; ``number``: of the run's event."""
        if len(self._frames) >= MOST_EVENTS:
            self.close()
        elif not self.closed:
            self._frames.append((run, number, data))
            self._arrived.set()

    def close(self) -> None:
        """Nothing follows what is queued."""
        self.closed = True
        self._arrived.set()

    async def get(self) -> bytes:
        """All frames that have arrived, at least one; empty at the end."""
        while True:
            data = b"".join(self._take())
            if data or self.closed:
                return data
            self._arrived.clear()
            await self._arrived.wait()

    def _take(self) -> list[bytes]:
        frames, self._frames = self._frames, deque()
        return [data for run, number, data in frames if run is None or number > self.numbers.get(run, 0)]


class LiveFeed:
    """All subscriptions of one server. ``epoch`` differs in every process."""

    def __init__(self) -> None:
        self.epoch = new_id()
        self._subscriptions: set[Subscription] = set()
        self._closed = False

    def __len__(self) -> int:
        return len(self._subscriptions)

    def subscribe(self, conversation: str | None = None, run: str | None = None) -> Subscription:
        """A new subscription; `unsubscribe` must follow."""
        subscription = Subscription(conversation, run)
        self._subscriptions.add(subscription)
        if self._closed:
            subscription.close()
        return subscription

    def unsubscribe(self, subscription: Subscription) -> None:
        self._subscriptions.discard(subscription)

    def publish(self, name: str, data: Mapping[str, Any]) -> None:
        """An event for every stream, but those of a single run."""
        encoded = frame(name, data)
        for subscription in self._subscriptions:
            if subscription.run is None:
                subscription.put(encoded)

    def publish_run(self, run: str, conversation: str, message: str, event: Mapping[str, Any]) -> None:
        """An event of a run, for the streams that carry it."""
        number = event["sequence"]
        data = {"run": run, "conversation": conversation, "message": message, "event": event}
        carried = frame("run", data)
        alone = frame(event["type"], {k: v for k, v in event.items() if k != "type"}, number)
        for subscription in self._subscriptions:
            if subscription.run == run:
                subscription.put(alone, run, number)
            elif subscription.run is None and subscription.conversation == conversation:
                subscription.put(carried, run, number)
        if event["type"] == "finished":
            self.end_run(run)

    def end_run(self, run: str) -> None:
        """End the streams that carry nothing but a run of which no event follows."""
        for subscription in self._subscriptions:
            if subscription.run == run:
                subscription.close()

    def publish_state(self, conversation: str, running: bool, title: str | None = None) -> None:
        """Whether an answer is written in a conversation, for the streams that do not carry its runs."""
        encoded = frame("run.state", {"conversation": conversation, "running": running, "title": title})
        for subscription in self._subscriptions:
            if subscription.run is None and subscription.conversation != conversation:
                subscription.put(encoded)

    def close(self) -> None:
        """End every stream, because the server stops."""
        self._closed = True
        for subscription in self._subscriptions:
            subscription.close()
