"""Runs over a scripted model, with a store in memory that can fail, and processes that can be killed at any point."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any

from scripted import Script, scripted_model

from fathom.base.errors import StorageError
from fathom.server.generation.chat import chat
from fathom.server.models.source import abilities_of
from fathom.server.runs.execution import RunExecution
from fathom.server.runs.fold import FoldedMessage, fold
from fathom.server.runs.log import GAP, EventLog
from fathom.server.runs.records import RunRecord, RunRequest, RunWrite
from fathom.server.runs.services import RunServices
from fathom.server.tools.tool import ToolResult


class MemoryStore:
    """What a database would hold. ``failing``: writes raise this error."""

    def __init__(self) -> None:
        self.records: dict[str, RunRecord] = {}
        self.logs: dict[str, list[Mapping[str, Any]]] = {}
        self.failing: StorageError | None = None
        self.writes = 0

    def add(self, request: RunRequest, run: str = "run") -> RunRecord:
        self.records[run] = RunRecord(run, "conversation", "message", "queued", request, created=0)
        self.logs[run] = []
        return self.records[run]

    async def write(self, writes: Sequence[RunWrite]) -> frozenset[str]:
        await asyncio.sleep(0)
        if self.failing is not None:
            raise self.failing
        self.writes += 1
        for write in writes:
            self._write(write)
        return frozenset()

    def _write(self, write: RunWrite) -> None:
        record = self.records[write.run]
        self.logs[write.run] += write.events
        if write.request is not None:
            record = replace(record, request=write.request)
        if write.state is not None:
            record = replace(record, state=write.state)
        self.records[write.run] = replace(record, sequence=write.sequence or record.sequence)

    def message(self, run: str = "run") -> FoldedMessage:
        return fold(self.logs[run])


@dataclass
class ModelSource:
    """A served model as a source, loaded at once."""

    served: Any
    repeats: bool = True
    thinking: bool = True
    name: str = "scripted"
    away: Exception | None = None

    async def check(self) -> None:
        if self.away is not None:
            raise self.away

    async def abilities(self) -> Any:
        await self.check()
        return replace(abilities_of(self.served), repeats=self.repeats, thinking=self.thinking)

    def chat(self, job: Any) -> Any:
        return chat(self.served, job)


@dataclass
class EchoTool:
    name: str = "echo"
    title: str = "Echo"
    description: str = "says it again"
    parameters: Mapping[str, Any] = field(default_factory=lambda: {"type": "object"})
    repeatable: bool = True
    effects: bool = False
    seconds: float = 5.0
    calls: list[Any] = field(default_factory=list)
    gate: asyncio.Event | None = None
    result: Callable[[Mapping[str, Any]], ToolResult] = lambda arguments: ToolResult(f"echo {arguments.get('a')}")

    async def call(self, arguments: Mapping[str, Any], context: Any) -> ToolResult:
        self.calls.append(arguments)
        if self.gate is not None:
            await self.gate.wait()
        return self.result(arguments)


@dataclass
class Tools:
    """A toolbox with one policy for all."""

    offered: tuple[Any, ...]
    rule: str = "always"

    async def tools(self) -> tuple[Any, ...]:
        return self.offered

    async def policy(self, name: str) -> Any:
        return self.rule

    async def allow_always(self, name: str) -> None:
        self.rule = "always"


QUESTION = SimpleNamespace(role="user", parts=[{"type": "text", "text": "Hi?"}])


class Process:
    """A server process as far as one run is concerned: its memory is lost by ``kill``."""

    def __init__(self, store: MemoryStore, *scripts: Script, toolbox: Any = None, source: Any = None, **services: Any):
        self.delivered: list[RunWrite] = []
        self.store = store
        self.log = EventLog(store, self.delivered.append, pause=0, retry=0.001)
        self.served = scripted_model(*scripts)
        self.source = source or ModelSource(self.served)

        async def turns(path: Sequence[str]) -> list[Any]:
            return [QUESTION]

        async def project(conversation: str) -> None:
            return None

        async def find(name: str | None) -> Any:
            return self.source

        self.services = RunServices(
            self.log, find, turns, project, toolbox, now=lambda: 1_700_000_000_000, delay=0, **services
        )
        self.execution: RunExecution | None = None
        self.task: asyncio.Task[None] | None = None

    def start(self, run: str = "run", *, resumes: bool = False) -> RunExecution:
        record, events = self.store.records[run], self.store.logs[run]
        self.log.begin(run, record.sequence + GAP if events else 0)
        self.log.start()
        self.execution = RunExecution(record, events, self.services, resumes=resumes)
        self.task = asyncio.create_task(self.execution.execute())
        return self.execution

    async def finish(self) -> FoldedMessage:
        """Let the run end; what is stored then."""
        assert self.task is not None
        await self.task
        await self.log.drain()
        await self.kill()
        return self.store.message()

    async def kill(self) -> None:
        """End at once: nothing that is not stored survives."""
        for task in (self.log._task, self.task):
            if task is not None:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)


async def until(condition: Callable[[], bool]) -> None:
    while not condition():
        await asyncio.sleep(0)


def request(**fields: Any) -> RunRequest:
    return RunRequest(("question",), {"seed": 7}, **fields)
