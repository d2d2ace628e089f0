"""Starts, resumes, stops and controls all runs of a server. A reader that leaves changes nothing.

At its start a server resumes what an earlier one has left unfinished, however that ended; when it stops in order, it
leaves its own runs in the same way.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from fathom.base.errors import StorageError
from fathom.server.conversations.messages import Messages
from fathom.server.conversations.records import UNFINISHED, NewQuestion, StoredMessage
from fathom.server.conversations.repository import Conversations
from fathom.server.errors import ConflictError, NotFoundError, StoppingError, invalid
from fathom.server.runs.active import ActiveRun, public_events, run_json
from fathom.server.runs.execution import RunExecution
from fathom.server.runs.feed import LiveFeed, storage_state
from fathom.server.runs.fold import fold
from fathom.server.runs.log import GAP, EventLog
from fathom.server.runs.records import FINISHED, AskedQuestion, RunEnd, RunRecord, RunRequest, RunWrite, StartedRun
from fathom.server.runs.repository import Runs
from fathom.server.runs.services import RunServices
from fathom.server.runs.snapshot import snapshot
from fathom.server.runs.waiting import WaitingRuns
from fathom.server.store.ids import milliseconds

logger = logging.getLogger(__name__)

SAMPLING = ("temperature", "top_p", "max_tokens", "seed")
KEPT_MS = 3_600_000
"""How long the events of a finished run are kept."""
PRUNE_SECONDS = 3600.0
STOP_SECONDS = 5.0
"""How long a request to stop waits for the end."""

Options = Mapping[str, Any]


class RunSupervisor:
    """All runs of one server. ``services`` makes what a run needs, given the log; ``defaults`` reads the preferences.

    ``on_end`` is called with a run that is done, for what follows an answer (its title).
    """

    def __init__(
        self,
        runs: Runs,
        conversations: Conversations,
        messages: Messages,
        feed: LiveFeed,
        services: Callable[[EventLog], RunServices],
        defaults: Callable[[], Awaitable[Options]],
    ) -> None:
        self.on_start: Callable[[str], None] = lambda _: None
        self.on_end: Callable[[RunRecord], None] = lambda _: None
        self.log = EventLog(runs, self._deliver, on_problem=self._report, on_lost=self._drop)
        self.runs = runs
        self._conversations = conversations
        self._messages = messages
        self._feed = feed
        self.services = services(self.log)
        self._defaults = defaults
        self._active: dict[str, ActiveRun] = {}
        self.waiting = WaitingRuns(self._check_model, self._resume)
        self._pruning: asyncio.Task[None] | None = None
        self._closed = False
        self._opened = False

    async def open(self) -> None:
        """Resume all unfinished runs. Raises StorageError; may then be called again."""
        if self._opened:
            return
        unfinished = [(record, await self.runs.events(record.id)) for record in await self.runs.read_unfinished()]
        self._opened = True  # nothing below reads: a failure above leaves all of it to the next call
        self.log.start()
        for record, events in unfinished:
            if record.id not in self._active:
                self.log.begin(record.id, record.sequence + GAP if events else record.sequence)
                self._begin(record, events, resumes=True)
        self._pruning = asyncio.create_task(self._prune())
        if unfinished:
            logger.info("resuming %d answers", len(unfinished))

    async def close(self) -> None:
        """Leave all runs where they are, for the next server to resume."""
        self._closed = True
        await self.waiting.close()
        tasks = [active.task for active in self._active.values() if active.task is not None]
        if self._pruning is not None:
            tasks.append(self._pruning)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self.log.close()

    def active(self, run: str) -> ActiveRun | None:
        """A run that is at work in this process."""
        return self._active.get(run)

    def active_in(self, conversation: str) -> list[ActiveRun]:
        """The runs of a conversation that are at work, oldest first."""
        return [active for active in self._active.values() if active.record.conversation == conversation]

    async def message_json(self, message: StoredMessage) -> dict[str, Any]:
        """A message as the API has it; one that is still written as far as it is."""
        if message.state not in UNFINISHED or message.run is None:
            return message.json()
        active = self._active.get(message.run)
        if active is not None:
            return snapshot(message, active.message)
        return snapshot(message, fold(public_events(await self.runs.events(message.run))))

    async def ask(self, conversation: str, question: NewQuestion, options: Options) -> AskedQuestion:
        """Store a question and begin to answer it. The same key again returns what is stored."""
        self._check_open()
        asked = await self.runs.find_asked(conversation, question) if question.key is not None else None
        if asked is None:
            await self._end_waiting(conversation)
            asked = await self.runs.ask(conversation, question, await self._request(conversation, (), options))
        record = asked.record
        if record is None:
            return AskedQuestion(asked.question, asked.answer, None)
        active = self._active.get(record.id)
        if asked.new:
            active = self._begin_new(record)
        return AskedQuestion(asked.question, asked.answer, run_json(record, active))

    async def start(self, conversation: str, question: str, options: Options) -> StartedRun:
        """Answer the message ``question``."""
        self._check_open()
        path = await self._path(conversation, question)
        request = await self._request(conversation, [message.id for message in path], options)
        await self._end_waiting(conversation)
        return await self._start(conversation, request)

    async def continue_message(
        self, conversation: str, message: str, thinking: str | None, options: Options
    ) -> StartedRun:
        """A new answer that begins as ``message`` does: with all of it, or with ``thinking`` as an edited thought."""
        self._check_open()
        await self._end_waiting(conversation)
        path = await self._path(conversation, message)
        answer = path[-1]
        if answer.role != "assistant":
            raise NotFoundError("there is no such answer in this conversation", "name a message of the assistant")
        if answer.state in ("waiting", "streaming"):
            raise ConflictError("the answer is still written", "stop it first")
        begun = begun_parts(answer.parts, thinking)
        if not begun:
            raise invalid("there is nothing to continue; ask for a new answer", "continues")
        request = await self._request(conversation, [one.id for one in path[:-1]], options, begun)
        return await self._start(conversation, request)

    async def get(self, conversation: str, run: str) -> RunRecord:
        """Raises NotFoundError."""
        return await self.runs.get(run, conversation)

    async def events(self, run: str, after: int) -> list[dict[str, Any]]:
        """The stored events of a run."""
        return await self.runs.events(run, after)

    async def stop(self, conversation: str, run: str) -> None:
        """End a run and keep what it has written; one that has ended is left alone."""
        active = await self._find(conversation, run)
        if active is None:
            return
        if active.state == "interrupted":
            await self._end_waiting(conversation)
            return
        active.execution.interrupts.stop()
        await self._store_control(active)
        if active.task is not None:
            await asyncio.wait([active.task], timeout=STOP_SECONDS)
            await self._settle()

    async def answer_now(self, conversation: str, run: str) -> None:
        """End the thinking of a run that thinks."""
        active = await self._find(conversation, run)
        if active is not None:
            active.execution.answer_now()
            await self._settle()

    async def consent(self, conversation: str, run: str, call: str, *, allow: bool, always: bool = False) -> None:
        """Let a tool call run, or refuse it; ``allow`` with ``always`` also lets later calls of this tool run."""
        active = await self._find(conversation, run)
        parts = active.message.parts if active is not None else ()
        part = next((part for part in parts if part["type"] == "tool_call" and part["id"] == call), None)
        if active is None or part is None:
            raise NotFoundError(f"there is no call {call[:64]!r} that waits in this run", "read its message")
        if part["state"] != "consent":
            raise ConflictError(f"the call does not wait for consent: it is {part['state']}", "read the message again")
        if allow and always and self.services.toolbox is not None:
            await self.services.toolbox.allow_always(part["name"])
        active.execution.interrupts.consent(call, allow)
        await self._store_control(active)

    async def _path(self, conversation: str, message: str) -> Sequence[StoredMessage]:
        """The messages from the first to ``message``. Raises NotFoundError."""
        path = await self._messages.path(conversation, message)
        if not path:
            raise NotFoundError(f"there is no message {message[:64]!r} in this conversation", "read its tree")
        return path

    async def _find(self, conversation: str, run: str) -> ActiveRun | None:
        """A run of this conversation that has not ended; None: it has. Raises NotFoundError."""
        active = self._active.get(run)
        if active is not None and active.record.conversation == conversation:
            return active
        record = await self.runs.get(run, conversation)
        if record.state in FINISHED:
            return None
        raise ConflictError("the run has not been resumed yet", "try again in a moment")

    async def _settle(self) -> None:
        """Wait until what was said is stored; not for long, because the disk may be full."""
        if self.log.problem is None:
            with suppress(TimeoutError):
                async with asyncio.timeout(STOP_SECONDS):
                    await self.log.drain()

    async def _store_control(self, active: ActiveRun) -> None:
        try:
            await self.runs.set_control(active.record.id, active.execution.interrupts.control)
        except StorageError as error:  # it has reached the run itself
            logger.warning("the control of run %s was not stored: %s", active.record.id, error)

    def _check_open(self) -> None:
        if self._closed:
            raise StoppingError

    async def _request(
        self, conversation: str, path: Sequence[str], options: Options, begun: Sequence[Mapping[str, Any]] = ()
    ) -> RunRequest:
        """What ``options`` ask for, over the conversation's settings and the preferences."""
        row = await self._conversations.get(conversation)
        chosen = {**await self._defaults(), **row.settings, **options}
        if chosen.get("model") is not None:
            await self.services.source(chosen["model"])
        await self._check_tools(options.get("tools") or ())
        sampling = {name: chosen[name] for name in SAMPLING if chosen.get(name) is not None}
        return RunRequest(
            path=tuple(path),
            sampling={"seed": secrets.randbits(53), **sampling},
            model=chosen.get("model"),
            thinking=chosen.get("thinking"),
            thinking_budget=chosen.get("thinking_budget"),
            tools=tuple(chosen.get("tools") or ()),
            search=bool(chosen.get("search")),
            together=1 if begun else int(chosen.get("together") or 1),
            begun=tuple(begun),
        )

    async def _check_tools(self, names: Sequence[str]) -> None:
        """Raise for a tool that was asked for and is not there."""
        toolbox = self.services.toolbox
        known = {tool.name for tool in await toolbox.tools()} if names and toolbox is not None else set()
        missing = [name for name in names if name not in known]
        if missing:
            raise invalid(f"there is no tool {missing[0]!r} to call; /api/tools lists them", "tools")

    async def _start(self, conversation: str, request: RunRequest) -> StartedRun:
        answer, record = await self.runs.create(conversation, request)
        return StartedRun(answer, run_json(record, self._begin_new(record)))

    def _begin_new(self, record: RunRecord) -> ActiveRun:
        self.on_start(record.conversation)
        self.log.begin(record.id, record.sequence)
        return self._begin(record, ())

    def _begin(self, record: RunRecord, events: Sequence[Mapping[str, Any]], *, resumes: bool = False) -> ActiveRun:
        execution = RunExecution(record, events, self.services, resumes=resumes)
        active = self._active[record.id] = ActiveRun(record, execution, events)
        self._feed.publish_state(record.conversation, True)
        active.task = asyncio.create_task(execution.execute())
        return active

    def _deliver(self, write: RunWrite) -> None:
        """From the log: what a run has appended is stored."""
        active = self._active.get(write.run)
        if active is None:
            return
        active.state = write.state or active.state
        record = active.record
        for event in active.take(write.events):
            self._feed.publish_run(record.id, record.conversation, record.message, event)
        if write.end is not None:
            self._end(active, write.end)
        elif write.state == "interrupted":
            self.waiting.add(record.id)
            self._publish_rest(record.conversation)

    async def _check_model(self, run: str) -> None:
        """Raise FathomError while the model of a run is not there."""
        source = await self.services.source(self._active[run].record.request.model)
        await source.check()

    async def _resume(self, run: str) -> None:
        """Let a run that waited go on, as after a restart: from what is stored."""
        await self.log.drain()
        record, events = await self.runs.get(run), await self.runs.events(run)
        if run in self._active and not self._closed:
            self._begin(record, events, resumes=True)

    async def _end_waiting(self, conversation: str) -> None:
        """End the runs of a conversation that wait for a model: the user stops them, or asks again."""
        waiting = [active for active in self.active_in(conversation) if active.state == "interrupted"]
        for active in waiting:
            self.waiting.remove(active.record.id)
            active.execution.end_waiting()
        if waiting:
            await self._settle()

    def _end(self, active: ActiveRun, end: RunEnd) -> None:
        del self._active[active.record.id]
        self.waiting.remove(active.record.id)
        self.log.forget(active.record.id)
        self._publish_rest(active.record.conversation)
        if end.state == "done":
            self.on_end(active.record)

    def _publish_rest(self, conversation: str) -> None:
        """Tell the readers where no answer of a conversation is written any more."""
        if all(active.state == "interrupted" for active in self.active_in(conversation)):
            self._feed.publish_state(conversation, False)

    def _report(self, problem: StorageError | None) -> None:
        """Tell everyone, and the readers of all runs, that nothing can be stored, or can be again."""
        text = f"not stored yet: {problem}" if problem is not None else "stored"
        if problem is not None:
            logger.error("answers go on, but cannot be stored: %s", problem)
        self._feed.publish("storage", storage_state(problem))
        for active in self._active.values():
            active.execution.writer.status(text)

    def end_conversation(self, conversation: str) -> None:
        """End the runs of a conversation that was deleted."""
        self._drop(frozenset(active.record.id for active in self.active_in(conversation)))

    def _drop(self, lost: frozenset[str]) -> None:
        """End runs whose conversation was deleted, without a trace."""
        for run in lost:
            active = self._active.pop(run, None)
            self.waiting.remove(run)
            self.log.forget(run)
            self._feed.end_run(run)
            if active is not None and active.task is not None:
                active.task.cancel()

    async def _prune(self) -> None:
        while True:
            try:
                await self.runs.prune(milliseconds() - KEPT_MS)
            except StorageError as error:
                logger.warning("old events were not deleted: %s", error)
            await asyncio.sleep(PRUNE_SECONDS)


def begun_parts(parts: Sequence[Mapping[str, Any]], thinking: str | None) -> list[Mapping[str, Any]]:
    """What an answer that continues another begins with."""
    if thinking is not None:
        first = next((i for i, part in enumerate(parts) if part["type"] in ("thinking", "answer", "tool_call")), 0)
        return [*parts[:first], {"type": "thinking", "text": thinking, "ms": None, "edited": True}]
    return [part for part in parts if part["type"] != "vote"]
