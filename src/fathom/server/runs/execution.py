"""The execution of one run: context, thinking, tools, answer; from its beginning or from where its log ends.

All that a client asks of a run while it works (stop, answer now, consent) arrives as an interrupt of what it waits for.
Cancelling the task itself, as a server that shuts down does, leaves the run as it is: the next server resumes it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine, Iterable, Mapping
from dataclasses import asdict, replace
from functools import partial
from typing import Any

from fathom.base.errors import FathomError
from fathom.server.conversations.context import Turn, TurnContext
from fathom.server.conversations.prompt import history, question_text
from fathom.server.errors import StoppingError, UnavailableError, UnknownModelError
from fathom.server.models.source import Abilities, ChatSource
from fathom.server.models.upstream.endpoint import UpstreamError
from fathom.server.runs.abandoned import run_to_end
from fathom.server.runs.answering import Answering
from fathom.server.runs.interrupt import InterruptedRun, Interrupts
from fathom.server.runs.records import FINISHED, RunEnd, RunRecord
from fathom.server.runs.services import RunServices
from fathom.server.runs.short_text import write_short
from fathom.server.runs.together import ThinkingTogether
from fathom.server.runs.writer import RunWriter
from fathom.types import Conversation

logger = logging.getLogger(__name__)

CONTEXT_SHARE = 0.5
"""The share of a model's context that passages may take."""
UNKNOWN_CONTEXT = 8192
SHORT_SECONDS = 20.0
"""How long a reader waits for a line that the model writes before its answer."""


AWAY = (UnavailableError, UnknownModelError)
"""Errors of a model that may come back: it could not be loaded, its files or its server are not there."""


class RunExecution:
    """Executes ``record``, whose stored events are ``events``. ``resumes``: an earlier server began it, so it waits
    where its model is not there; one that was asked for now fails at once.
    """

    def __init__(
        self, record: RunRecord, events: Iterable[Mapping[str, Any]], services: RunServices, *, resumes: bool = False
    ) -> None:
        events = list(events)
        self._resumes = resumes
        self.record = record
        self.request = record.request
        self.writer = RunWriter(record.id, services.log, events, delay=services.delay)
        self.interrupts = Interrupts(record.control)
        self._events = events
        self._services = services
        self._usage: Mapping[str, Any] = {}

    @property
    def thinking_ms(self) -> int | None:
        """How long it thought, or has thought so far; None where it does not think."""
        times = [part["ms"] for part in self.writer.parts if part["type"] == "thinking"]
        if not times:
            return None
        return self.writer.elapsed if times[-1] is None else sum(ms for ms in times if ms is not None)

    def answer_now(self) -> None:
        """End the thinking that goes on or is about to begin, if there is one.

        The wish is stored with the text so far: a run that is resumed ends its thinking at the same token.
        """
        if self.writer.message.state in FINISHED:  # and its end is not stored yet: nothing may follow it
            return
        self.writer.emit_now()
        written = [part["type"] for part in self.writer.parts if part["type"] != "citation"]
        if self.request.together == 1 and written[-1:] in ([], ["thinking"]):
            self.writer.append({"type": "answer_now"})
            self.interrupts.answer_now()

    async def execute(self) -> None:
        """Run to the end, and append it. Returns without one where the server stops, or the run waits for its model."""
        try:
            await run_to_end(self._execute())
        except InterruptedRun:
            self._finish("stopped", None)
        except StoppingError:
            logger.info("run %s waits for the next start of the server", self.record.id)
        except FathomError as error:
            if self._resumes and self._is_away(error):
                self.writer.emit_now()
                event = {"type": "interrupted", "message": error.message, "remedy": error.remedy}
                self.writer.append(event, state="interrupted")
                self.writer.pause()
                return
            self._finish("failed", None, {"message": error.message, "remedy": error.remedy})
        except Exception:
            logger.exception("run %s failed", self.record.id)
            self._finish("failed", None, {"message": "the answer failed", "remedy": "the server's log says why"})

    def end_waiting(self) -> None:
        """End a run that is interrupted, because the client no longer waits for its model."""
        self._finish("stopped", None, self.writer.message.error)

    def _is_away(self, error: FathomError) -> bool:
        """Whether the model may come back, and the run then goes on from where it is."""
        written = any(part["type"] in ("thinking", "answer") for part in self.writer.parts)
        return isinstance(error, AWAY) or (isinstance(error, UpstreamError) and not written)

    async def _execute(self) -> None:
        self.writer.append({"type": "started", "message": self.record.message}, state="running")
        source = await self.interrupts.wait(self._services.source(self.request.model))
        abilities = await self.interrupts.wait(source.abilities())
        if not abilities.repeats and is_cut_off(self._events):
            raise FathomError(
                "the server ended while another server's model was answering",
                "regenerate the answer, or continue it with a local model",
            )
        if not self.request.ready:
            await self.interrupts.wait(self._freeze(source, abilities))
        if self.request.together > 1:
            together = ThinkingTogether(self.record, self.request, self._events, self.writer, self._services)
            reason = await self.interrupts.wait(together.run(source))
            self._usage = together.usage
        else:
            answering = Answering(
                self.record, self.request, self._events, self.writer, self._services, self.interrupts, abilities
            )
            try:
                reason = await answering.run(source)
            finally:
                self._usage = answering.usage
        await self._check_citations()
        self._finish("done", reason)

    async def _freeze(self, source: ChatSource, abilities: Abilities) -> None:
        """Ask the providers, and store what the prompt is made from."""
        turns = await self._services.turns(self.request.path)
        project = await self._services.project(self.record.conversation)
        files = tuple(part["file"] for turn in turns for part in turn.parts if part["type"] == "file")
        system: list[str] = []
        passages: list[str] = []
        citations: list[dict[str, Any]] = []
        pictures: list[str] = []
        for provider in self._services.providers:
            turn = Turn(
                conversation=self.record.conversation,
                project=project,
                question=question_text(turns[-1].parts),
                files=files,
                search=self.request.search,
                tokens=int((abilities.context or UNKNOWN_CONTEXT) * CONTEXT_SHARE),
                first_citation=len(citations) + 1,
                report=self.writer.status,
                earlier=tuple(history(turns[:-1])),
                write=partial(self._write_short, source),
                sees=abilities.vision,
            )
            context = await self._provide(provider.provide(turn))
            system.append(context.system)
            passages.append(context.passages)
            citations += [asdict(citation) for citation in context.citations]
            pictures += context.pictures
        self.request = replace(
            self.request,
            model=source.name or self.request.model,
            system="\n\n".join(text.strip() for text in (self.request.system, *system) if text.strip()),
            passages="\n\n".join(text.strip() for text in passages if text.strip()),
            citations=tuple(citations),
            pictures=tuple(pictures),
            offered=await self._tool_specs(abilities),
            ready=True,
        )
        self.writer.freeze(self.request, started=self._services.now(), model=self.request.model)

    async def _write_short(self, source: ChatSource, conversation: Conversation, most: int) -> str | None:
        """A line by the model, for a provider; None where it fails or takes too long."""
        try:
            async with asyncio.timeout(SHORT_SECONDS):
                return await run_to_end(write_short(source, conversation, most))
        except (TimeoutError, FathomError) as error:
            logger.info("the model wrote no line for run %s: %s", self.record.id, error)
            return None

    async def _tool_specs(self, abilities: Abilities) -> tuple[dict[str, Any], ...]:
        toolbox = self._services.toolbox
        if toolbox is None or not self.request.tools or not abilities.tools:
            return ()
        tools = [tool for tool in await toolbox.tools() if tool.name in self.request.tools]
        return tuple(
            {"name": tool.name, "description": tool.description, "parameters": dict(tool.parameters)} for tool in tools
        )

    async def _provide(self, work: Coroutine[Any, Any, TurnContext]) -> TurnContext:
        try:
            return await run_to_end(work)
        except FathomError as error:  # an answer without this context is better than none
            self.writer.status(str(error))
        except Exception:
            logger.exception("a part of the context failed")
            self.writer.status("a part of the context failed and is left out; the server's log says why")
        return TurnContext()

    async def _check_citations(self) -> None:
        check = self._services.check_citations
        positions = [i for i, part in enumerate(self.writer.parts) if part["type"] == "citation"]
        if check is None or not positions:
            return
        answer = "".join(part["text"] for part in self.writer.parts if part["type"] == "answer")
        try:
            checked = await run_to_end(check(answer, [self.writer.parts[i] for i in positions]))
        except Exception:
            logger.exception("the citations of run %s were not checked", self.record.id)
            return
        for position, part in zip(positions, checked, strict=True):
            if part != self.writer.parts[position]:
                self.writer.put(position, part)

    def _finish(self, state: Any, reason: str | None, error: Mapping[str, Any] | None = None) -> None:
        self.writer.emit_now()
        self.writer.end_thinking()
        known = self.writer.message.usage or {}
        usage = dict(self._usage) or {name: value for name, value in known.items() if name != "elapsed_ms"}
        end = RunEnd(state, self.writer.parts, reason, usage, error, self._services.now())
        self.writer.finish(end, self.request.without_context())


def is_cut_off(events: Iterable[Mapping[str, Any]]) -> bool:
    """Whether the last generation of a run has written something, and not come to its end."""
    begun = ended = False
    for event in events:
        match event["type"]:
            case "segment":
                begun = ended = False
            case "segment_ended":
                ended = True
            case "tokens" | "delta" | "candidate":
                begun = True
            case "part":
                begun = begun or event["value"]["type"] == "tool_call"
    return begun and not ended
