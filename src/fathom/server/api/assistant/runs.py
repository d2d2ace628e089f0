"""Runs: answering again, continuing, reading events, and what a client may ask of an answer that is written."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal, cast

from fastapi import APIRouter, Header
from pydantic import Discriminator, Field, StringConstraints, Tag
from starlette.responses import Response
from typing_extensions import TypedDict

from fathom.server.api.assistant.common import Id, StrictBody, position, resource_router
from fathom.server.api.assistant.event_stream import EventStream
from fathom.server.api.assistant.messages import MessageBody
from fathom.server.api.assistant.run_options import RunOptions
from fathom.server.assistant_handle import AssistantHandle
from fathom.server.runs.active import public_events, run_json
from fathom.server.runs.feed import frame
from fathom.server.runs.records import RunRecord
from fathom.server.runs.snapshot import snapshot

if TYPE_CHECKING:
    from fathom.server.assistant import Assistant
    from fathom.server.runs.supervisor import RunSupervisor

After = Annotated[int | None, position("the number of the last event that the client has")]
_EVENT_ID = re.compile(r"[0-9]{1,10}")

EVENTS = {
    "description": "Server-sent events: `id` is the number, `event` the type, `data` its JSON.",
    "content": {
        "text/event-stream": {
            "schema": {
                "type": "object",
                "properties": {
                    "id": {"type": "string", "description": "the number of the event in its run"},
                    "event": {"type": "string", "description": "the type"},
                    "data": {"type": "string", "description": "JSON"},
                },
            }
        }
    },
}


MODES = ("off", "low", "high", "budget")


class Regeneration(RunOptions):
    """Another answer to a question."""

    parent: Id = Field(description="the question: a message of the user")


class Continuation(RunOptions):
    """An answer that goes on from another one, which stays as it is."""

    continues: Id = Field(description="the answer to go on from")
    thinking: Annotated[str, StringConstraints(max_length=4_000_000)] | None = Field(  # type: ignore[assignment]
        None, description="an edited thought to go on from; or a mode of thinking, as in other runs"
    )

    @property
    def thought(self) -> str | None:
        """The edited thought."""
        return None if self.thinking in MODES else self.thinking


def _kind(body: Any) -> str:
    """Which of the two a body is."""
    continues = "continues" in body if isinstance(body, dict) else isinstance(body, Continuation)
    return "Continuation" if continues else "Regeneration"


NewRun = Annotated[
    Annotated[Regeneration, Tag("Regeneration")] | Annotated[Continuation, Tag("Continuation")], Discriminator(_kind)
]


class RunBody(TypedDict):
    """``sequence`` is the number of the last event; ``thinking_ms`` the time of thinking so far, or in all."""

    id: str
    conversation: str
    message: str
    state: Literal["queued", "running", "consent", "interrupted", "done", "stopped", "failed"]
    model: str | None
    seed: int
    sequence: int
    thinking_ms: int | None
    created: int
    started: int | None
    finished: int | None


class StartedRunBody(TypedDict):
    message: MessageBody
    run: RunBody


class Consent(StrictBody):
    allow: bool
    always: bool = Field(False, description="and do not ask again for this tool")


def router(handle: AssistantHandle) -> APIRouter:
    routes = resource_router()
    endpoints = _Endpoints(handle)
    one = "/conversations/{conversation}/runs/{run}"
    stream: dict[str, Any] = {"response_class": Response, "response_model": None, "responses": {200: EVENTS}}
    for method, path, endpoint, options in (
        ("POST", "/conversations/{conversation}/runs", endpoints.start, {"status_code": 201}),
        ("GET", one, endpoints.get, {}),
        ("GET", f"{one}/events", endpoints.events, stream),
        ("POST", f"{one}/stop", endpoints.stop, {}),
        ("POST", f"{one}/answer-now", endpoints.answer_now, {}),
        ("POST", f"{one}/tool-calls/{{call}}/consent", endpoints.consent, {}),
    ):
        routes.add_api_route(path, endpoint, methods=[method], **options)
    return routes


class _Endpoints:
    def __init__(self, handle: AssistantHandle) -> None:
        self._handle = handle

    async def start(self, conversation: Id, body: NewRun) -> StartedRunBody:
        """Answer a question again, or go on from an answer: a new message beside the ones before, and the run that
        writes it. It goes on when the client is gone."""
        supervisor = await self._supervisor()
        given = body.options()
        if isinstance(body, Continuation):
            options = {name: value for name, value in given.items() if name not in ("continues", "thinking")}
            if body.thinking in MODES:
                options["thinking"] = body.thinking
            started = await supervisor.continue_message(conversation, body.continues, body.thought, options)
        else:
            started = await supervisor.start(conversation, given.pop("parent"), given)
        return {"message": started.answer.json(), "run": started.run}  # type: ignore[typeddict-item]

    async def get(self, conversation: Id, run: Id) -> RunBody:
        """One run."""
        return await self._body(conversation, run)

    async def stop(self, conversation: Id, run: Id) -> RunBody:
        """End a run; what it has written stays. One that has ended is left as it is."""
        await (await self._supervisor()).stop(conversation, run)
        return await self._body(conversation, run)

    async def answer_now(self, conversation: Id, run: Id) -> RunBody:
        """End the thinking: the answer follows from what was thought so far. No effect where nothing is thought."""
        await (await self._supervisor()).answer_now(conversation, run)
        return await self._body(conversation, run)

    async def consent(self, conversation: Id, run: Id, call: Id, body: Consent) -> RunBody:
        """Let a tool call run that waits for it, or refuse it. 409 for a call that does not wait."""
        supervisor = await self._supervisor()
        await supervisor.consent(conversation, run, call, allow=body.allow, always=body.always)
        return await self._body(conversation, run)

    async def events(
        self,
        conversation: Id,
        run: Id,
        after: After = None,
        last_event_id: Annotated[str | None, Header(description="as `after`; browsers send it")] = None,
    ) -> Response:
        """The events of a run from a number on, as they come; ends after `finished`.

        A client that is too far behind, or comes after the log was pruned, first gets one `message` event: the whole
        message, and the `sequence` it includes.
        """
        supervisor = await self._supervisor()
        record = await supervisor.get(conversation, run)
        seen = int(last_event_id) if last_event_id and _EVENT_ID.fullmatch(last_event_id) else 0
        return EventStream(_events(await self._handle.get(), supervisor, record, after if after is not None else seen))

    async def _supervisor(self) -> RunSupervisor:
        return (await self._handle.get()).supervisor

    async def _body(self, conversation: str, run: str) -> RunBody:
        supervisor = await self._supervisor()
        active = supervisor.active(run)
        body: Any = run_json(await supervisor.get(conversation, run), active)
        return cast(RunBody, body)


async def _events(
    assistant: Assistant, supervisor: RunSupervisor, record: RunRecord, after: int
) -> AsyncGenerator[bytes, None]:
    subscription = assistant.feed.subscribe(run=record.id)
    try:
        active = supervisor.active(record.id)
        if active is None:
            yield await _stored_events(assistant, supervisor, record, after)
            return
        missed = active.events_after(after)
        row = await assistant.messages.get(record.message) if missed is None else None
        subscription.numbers[record.id] = active.message.sequence
        if row is not None:
            yield frame("message", snapshot(row, active.message), active.message.sequence)
        else:
            yield b"".join(frame_of(event) for event in missed or ())
        while data := await subscription.get():
            yield data
    finally:
        assistant.feed.unsubscribe(subscription)


async def _stored_events(assistant: Assistant, supervisor: RunSupervisor, record: RunRecord, after: int) -> bytes:
    """The events of a run that is not at work here; without its log, its message."""
    events = await supervisor.events(record.id, 0)
    known = after == 0 or any(event["sequence"] == after for event in events)
    if not events or not known:
        row = await assistant.messages.get(record.message)
        body = {**row.json(), "sequence": record.sequence}
        return frame("message", body, record.sequence)
    return b"".join(frame_of(event) for event in public_events(events) if event["sequence"] > after)


def frame_of(event: Mapping[str, Any]) -> bytes:
    """An event of a run as its own stream has it."""
    return frame(event["type"], {k: v for k, v in event.items() if k != "type"}, event["sequence"])
