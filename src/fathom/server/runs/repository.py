"""Runs and their events in the database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from sqlalchemy import Row, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from fathom.server.conversations.changes import Changes, ConversationChange
from fathom.server.conversations.messages import finish_message, insert_message, insert_question, read_message
from fathom.server.conversations.records import NewQuestion, StoredMessage
from fathom.server.conversations.repeats import find_answer, find_sent, lock_conversation
from fathom.server.conversations.repository import read_conversation
from fathom.server.conversations.tree import read_path_ids
from fathom.server.errors import ConflictError, NotFoundError
from fathom.server.runs.records import FINISHED, RunRecord, RunRequest, RunWrite
from fathom.server.store.database import Database
from fathom.server.store.ids import milliseconds, new_id
from fathom.server.store.schema import messages, run_events, runs

LONGEST_PATH = 10_000
"""Messages before a question."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A stored question with its answer and run, where it has them; ``new``: this request has stored it."""

    question: StoredMessage
    answer: StoredMessage | None
    record: RunRecord | None
    new: bool = False


class Runs:
    """The rows of ``runs`` and ``run_events``. ``changes`` reports messages that begin and end."""

    def __init__(self, database: Database, changes: Changes) -> None:
        self._database = database
        self._changes = changes

    async def create(self, conversation: str, request: RunRequest) -> tuple[StoredMessage, RunRecord]:
        """Add an answer to the last message of ``request.path``, and the run that will write it.

        Raises ConflictError in the trash, NotFoundError where the question is not of this conversation.
        """
        async with self._database.write() as connection:
            row = await read_conversation(connection, conversation)
            if row.deleted is not None:
                raise ConflictError("the conversation is in the trash", "restore it first")
            question = await read_message(connection, request.path[-1])
            if question.conversation != conversation or question.role != "user":
                raise NotFoundError("there is no such question in this conversation", "name a message of the user")
            answer, record = await _insert(connection, conversation, request)
            row = await read_conversation(connection, conversation)
        self._changes.publish(ConversationChange(conversation, row, answer))
        return answer, record

    async def ask(self, conversation: str, question: NewQuestion, request: RunRequest) -> Asked:
        """Add a question, its answer and the run that will write it, all or nothing; ``request`` has no path yet.

        Raises as `Messages.ask`. What an earlier request with the same key has stored is returned as it is.
        """
        async with self._database.write() as connection:
            await lock_conversation(connection, conversation)
            sent = await self._earlier_request(connection, conversation, question)
            if sent is not None:
                return sent
            asked = await insert_question(
                connection, conversation, question.parent, question.text, question.files, question.key
            )
            path = await read_path_ids(connection, conversation, question.parent, LONGEST_PATH)
            request = replace(request, path=(*path, asked.id))
            answer, record = await _insert(connection, conversation, request)
            row = await read_conversation(connection, conversation)
        for message in (asked, answer):
            self._changes.publish(ConversationChange(conversation, row, message))
        return Asked(asked, answer, record, new=True)

    async def find_asked(self, conversation: str, question: NewQuestion) -> Asked | None:
        """What an earlier request with the same key has stored; None: there is none."""
        async with self._database.read() as connection:
            return await self._earlier_request(connection, conversation, question)

    async def _earlier_request(
        self, connection: AsyncConnection, conversation: str, question: NewQuestion
    ) -> Asked | None:
        sent = await find_sent(connection, conversation, question)
        if sent is None:
            return None
        answer = await find_answer(connection, sent.id)
        run = answer.run if answer is not None else None
        row = (await connection.execute(select(runs).where(runs.c.id == run))).one_or_none() if run else None
        return Asked(sent, answer, _record(row) if row is not None else None)

    async def get(self, run: str, conversation: str | None = None) -> RunRecord:
        """Raises NotFoundError."""
        query = select(runs).where(runs.c.id == run)
        if conversation is not None:
            query = query.where(runs.c.conversation_id == conversation)
        async with self._database.read() as connection:
            row = (await connection.execute(query)).one_or_none()
        if row is None:
            raise NotFoundError(f"there is no run {run[:64]!r} in this conversation", "read the message it writes")
        return _record(row)

    async def read_unfinished(self) -> list[RunRecord]:
        """All that have not ended, oldest first."""
        query = select(runs).where(runs.c.state.not_in(FINISHED)).order_by(runs.c.id)
        async with self._database.read() as connection:
            return [_record(row) for row in await connection.execute(query)]

    async def events(self, run: str, after: int = 0) -> list[dict[str, Any]]:
        """The stored events with a number greater than ``after``; none of a run whose log was pruned."""
        query = (
            select(run_events)
            .where(run_events.c.run_id == run, run_events.c.sequence > after)
            .order_by(run_events.c.sequence)
        )
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).all()
        return [{**row.data, "type": row.type, "sequence": row.sequence} for row in rows]

    async def set_control(self, run: str, control: Mapping[str, Any]) -> None:
        """Store what a client asked of a run."""
        async with self._database.write() as connection:
            await connection.execute(update(runs).where(runs.c.id == run).values(control=dict(control)))

    async def prune(self, before: int) -> None:
        """Delete the events of runs that ended before that time: their messages hold everything."""
        ended = select(runs.c.id).where(runs.c.state.in_(FINISHED), runs.c.finished < before)
        async with self._database.write() as connection:
            await connection.execute(delete(run_events).where(run_events.c.run_id.in_(ended)))

    async def write(self, writes: Sequence[RunWrite]) -> frozenset[str]:
        """Store what runs appended, in one transaction; the runs that are gone with their conversation."""
        ended: list[StoredMessage] = []
        lost: set[str] = set()
        async with self._database.write() as connection:
            for write in writes:
                identity = await _change(connection, write)
                if identity is None:
                    lost.add(write.run)
                elif (stored := await _write(connection, write, identity)) is not None:
                    ended.append(stored)
            rows = [await read_conversation(connection, message.conversation) for message in ended]
        for row, message in zip(rows, ended, strict=True):
            self._changes.publish(ConversationChange(row.id, row, message))
        return frozenset(lost)


async def _insert(
    connection: AsyncConnection, conversation: str, request: RunRequest
) -> tuple[StoredMessage, RunRecord]:
    """Add an answer to the last message of the path, and its run."""
    run = new_id()
    answer = await insert_message(
        connection, conversation, request.path[-1], "assistant", (), model=request.model, state="waiting", run=run
    )
    record = RunRecord(run, conversation, answer.id, "queued", request, milliseconds())
    await connection.execute(insert(runs), _row(record))
    return answer, record


async def _change(connection: AsyncConnection, write: RunWrite) -> str | None:
    """Store what a write changes of its run's row; the message of the run, None where the run is gone."""
    changes = {name: value for name, value in write.changes.items() if name != "model"}
    if write.sequence is not None:
        changes["last_sequence"] = write.sequence
    if write.state is not None:
        changes["state"] = write.state
    if write.request is not None:
        changes["request"] = write.request.json()
    if write.end is not None:
        changes["finished"] = write.end.finished
    for event in write.events:
        if event["type"] == "thinking_ended":
            began = changes.get("started", runs.c.started)
            changes |= {"thinking_started": began, "thinking_ended": began + event["ms"]}
    row = runs.c.id == write.run
    statement = (
        update(runs).where(row).values(**changes).returning(runs.c.message_id)
        if changes
        else select(runs.c.message_id).where(row)
    )
    return (await connection.execute(statement)).scalar_one_or_none()


async def _write(connection: AsyncConnection, write: RunWrite, message: str) -> StoredMessage | None:
    """Store the events of a write, and the end of its message; that one, where it ended."""
    if write.events:
        await connection.execute(insert(run_events), [_event_row(write.run, event) for event in write.events])
    if write.end is not None:
        end = write.end
        return await finish_message(
            connection,
            message,
            end.parts,
            state=end.state,
            finish_reason=end.finish_reason,
            error=end.error,
            usage=end.usage,
            model=write.changes.get("model"),
        )
    if write.state is not None or "model" in write.changes:
        state = "interrupted" if write.state == "interrupted" else "streaming"
        values = {"state": state} | ({"model": write.changes["model"]} if "model" in write.changes else {})
        await connection.execute(update(messages).where(messages.c.id == message).values(**values))
    return None


def _event_row(run: str, event: Mapping[str, Any]) -> dict[str, Any]:
    data = {name: value for name, value in event.items() if name not in ("type", "sequence")}
    return {"run_id": run, "sequence": event["sequence"], "type": event["type"], "data": data}


def _row(record: RunRecord) -> dict[str, Any]:
    values = asdict(record)
    values["conversation_id"], values["message_id"] = values.pop("conversation"), values.pop("message")
    values["last_sequence"] = values.pop("sequence")
    values["request"] = record.request.json()
    values["control"] = dict(record.control)
    return values


def _record(row: Row[Any]) -> RunRecord:
    return RunRecord(
        id=row.id,
        conversation=row.conversation_id,
        message=row.message_id,
        state=row.state,
        request=RunRequest.from_json(row.request),
        created=row.created,
        control=row.control,
        started=row.started,
        finished=row.finished,
        thinking_started=row.thinking_started,
        thinking_ended=row.thinking_ended,
        sequence=row.last_sequence,
    )
