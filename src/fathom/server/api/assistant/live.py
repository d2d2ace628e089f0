"""``/api/live``: one stream a client, of everything that changes and of the runs of the conversation it shows."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Query
from starlette.responses import Response

from fathom.server.api.assistant.common import Id, resource_router
from fathom.server.api.assistant.event_stream import EventStream
from fathom.server.api.assistant.runs import EVENTS
from fathom.server.assistant_handle import AssistantHandle
from fathom.server.errors import NotFoundError, invalid
from fathom.server.runs.active import ActiveRun
from fathom.server.runs.feed import Subscription, frame, storage_state
from fathom.server.runs.snapshot import snapshot

if TYPE_CHECKING:
    from fathom.server.assistant import Assistant

_POSITION = re.compile(r"([0-9a-z]{1,32}):(\d{1,15})")
MOST_POSITIONS = 50


def router(handle: AssistantHandle) -> APIRouter:
    routes = resource_router()

    async def live(
        conversation: Annotated[Id | None, Query(max_length=64, description="whose runs to carry")] = None,
        run: Annotated[
            list[str], Query(max_length=MOST_POSITIONS, description="`<id>:<sequence>`: a run and the last event held")
        ] = [],  # noqa: B006, FastAPI copies it
    ) -> Response:
        """What changes, as it changes. Nothing is replayed: after `hello` read again what is shown.

        `hello` {epoch} · `conversation` {row} · `conversation.removed` {id} · `message` {message, conversation,
        sequence}: one that was added or has ended, or as far as it is written · `run` {run, conversation, message,
        event}: an event of a run of the named conversation · `run.state` {conversation, running, title}: of others ·
        `storage` {error: {message, remedy}}: answers go on, but cannot be stored; with error null they can again ·
        `download`, `preference` and others by name.
        """
        positions = dict(_position(text) for text in run)
        assistant = await handle.get()
        return EventStream(_frames(assistant, conversation, positions))

    routes.add_api_route(
        "/live", live, methods=["GET"], response_class=Response, response_model=None, responses={200: EVENTS}
    )
    return routes


def _position(text: str) -> tuple[str, int]:
    match = _POSITION.fullmatch(text)
    if match is None:
        raise invalid(f"{text[:64]!r} is no position of a run; write <id>:<sequence>", "run")
    return match[1], int(match[2])


async def _frames(
    assistant: Assistant, conversation: str | None, positions: dict[str, int]
) -> AsyncGenerator[bytes, None]:
    subscription = assistant.feed.subscribe(conversation)
    try:
        yield frame("hello", {"epoch": assistant.feed.epoch})
        if assistant.supervisor.log.problem is not None:
            yield frame("storage", storage_state(assistant.supervisor.log.problem))
        if conversation is not None:
            active = {one.record.id: one for one in assistant.supervisor.active_in(conversation)}
            for one in active.values():
                yield await _catch_up(assistant, subscription, one, positions.get(one.record.id))
            for run in positions.keys() - active.keys():
                yield await _end_of(assistant, conversation, run)
        while data := await subscription.get():
            yield data
    finally:
        assistant.feed.unsubscribe(subscription)


async def _catch_up(assistant: Assistant, subscription: Subscription, active: ActiveRun, seen: int | None) -> bytes:
    """What a client lacks of a run that is at work; the stream then carries what follows."""
    record = active.record
    missed = active.events_after(seen) if seen is not None else None
    if missed is None:
        row = await assistant.messages.get(record.message)
        body = message_body(snapshot(row, active.message))
        subscription.numbers[record.id] = active.message.sequence
        return frame("message", body)
    subscription.numbers[record.id] = active.message.sequence
    fields = {"run": record.id, "conversation": record.conversation, "message": record.message}
    return b"".join(frame("run", {**fields, "event": event}) for event in missed)


async def _end_of(assistant: Assistant, conversation: str, run: str) -> bytes:
    """The message of a run that ended while the client was away."""
    try:
        record = await assistant.supervisor.get(conversation, run)
        row = await assistant.messages.get(record.message)
    except NotFoundError:
        return b""
    return frame("message", message_body(row.json()))


def message_body(message: dict[str, Any]) -> dict[str, Any]:
    """The data of a `message` event."""
    sequence = message.pop("sequence", None)
    return {"conversation": message["conversation"], "message": message, "sequence": sequence}
