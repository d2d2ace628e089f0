"""Runs the tool calls of a message: consent, limits, results; also those that a crash has interrupted."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

from fathom.base.errors import FathomError
from fathom.server.runs.fold import Part
from fathom.server.runs.interrupt import Interrupts
from fathom.server.runs.records import RunRecord
from fathom.server.runs.services import RunServices
from fathom.server.runs.writer import RunWriter
from fathom.server.tools.tool import AssistantTool, CallContext, ToolResult

logger = logging.getLogger(__name__)

MOST_CALLS = 16
"""Calls in one message; then the model has to answer without tools."""
LONGEST_RESULT = 20_000
"""Characters of a result that a model reads, where its context has room for them."""

OPEN = ("running", "consent")


class CallRunner:
    """The calls of one run, in the order in which the model wrote them. ``events`` are the run's stored ones: a call
    that had begun and has no result may have had its effect. ``context`` is the model's, in tokens.
    """

    def __init__(
        self,
        record: RunRecord,
        events: Iterable[Mapping[str, Any]],
        writer: RunWriter,
        services: RunServices,
        interrupts: Interrupts,
        context: int | None = None,
    ) -> None:
        self._longest = min(LONGEST_RESULT, context // 2) if context else LONGEST_RESULT
        self._record = record
        self._writer = writer
        self._services = services
        self._interrupts = interrupts
        self._begun = {event["id"] for event in events if event["type"] == "call"}
        self._cut: set[str] = set()

    @property
    def exhausted(self) -> bool:
        """Whether the message holds as many calls as it may."""
        return sum(part["type"] == "tool_call" for part in self._writer.parts) >= MOST_CALLS

    def note_cut(self, base: int, complete: frozenset[str]) -> None:
        """Calls from position ``base`` on that are not ``complete`` were cut off: they fail."""
        for position, part in enumerate(self._writer.parts):
            if position >= base and part["type"] == "tool_call" and part["id"] not in complete:
                self._cut.add(part["id"])
                if part["state"] in OPEN:
                    self._fail(position, "the call was cut off before it was complete")

    async def run(self, base: int) -> bool:
        """Run every open call from position ``base`` on; whether there were calls that have a result now."""
        positions = [i for i, part in enumerate(self._writer.parts) if i >= base and part["type"] == "tool_call"]
        for position in positions:
            if self._writer.parts[position]["state"] in OPEN:
                await self._run_one(position)
        return any(self._part(position)["id"] not in self._cut for position in positions)

    def _part(self, position: int) -> Part:
        return self._writer.parts[position]

    async def _run_one(self, position: int) -> None:
        call = self._part(position)
        tool = await self._interrupts.wait(self._tool(call["name"]))
        if tool is None:
            self._fail(position, f"there is no tool {call['name']!r}")
            return
        if call["id"] in self._begun and not tool.repeatable:
            self._fail(position, "the call was interrupted by the end of the server; it may have had its effect")
            return
        if sum(part["type"] == "tool_call" for part in self._writer.parts[: position + 1]) > MOST_CALLS:
            self._fail(position, f"a message may call at most {MOST_CALLS} tools; answer without more")
            return
        if not await self._may_run(position, call, tool):
            self._change(position, state="refused")
            return
        try:
            arguments = json.loads(call["arguments"] or "{}")
        except ValueError as error:
            self._fail(position, f"the arguments are not valid JSON: {error}")
            return
        if not isinstance(arguments, dict):
            self._fail(position, "the arguments are no JSON object")
            return
        await self._call(position, tool, arguments)

    async def _tool(self, name: str) -> AssistantTool | None:
        toolbox = self._services.toolbox
        tools = await toolbox.tools() if toolbox is not None else ()
        return next((tool for tool in tools if tool.name == name), None)

    async def _may_run(self, position: int, call: Part, tool: AssistantTool) -> bool:
        """Whether the reader allows the call; "always" ends where pages of strangers, which may hold instructions to
        the model, have come in.
        """
        toolbox = self._services.toolbox
        assert toolbox is not None
        policy = await self._interrupts.wait(toolbox.policy(call["name"]))
        if policy == "always" and tool.effects and await self._interrupts.wait(self._has_web_content()):
            policy = "ask"
        if policy != "ask":
            return policy == "always"
        self._change(position, state="consent")
        self._writer.append(state="consent")
        allowed = await self._interrupts.consent_of(call["id"])
        self._writer.append(state="running")
        return allowed

    async def _has_web_content(self) -> bool:
        """Whether this message, or one before it, was made from web pages."""
        earlier = await self._services.turns(self._record.request.path)
        parts = [*self._writer.parts, *(part for turn in earlier for part in turn.parts)]
        return any(part["type"] == "citation" and part["kind"] == "web" for part in parts)

    async def _call(self, position: int, tool: AssistantTool, arguments: Mapping[str, Any]) -> None:
        call = self._part(position)
        self._change(position, state="running")
        self._writer.append({"type": "call", "id": call["id"]})
        before = self._writer.elapsed
        citations = sum(part["type"] == "citation" for part in self._writer.parts)
        context = CallContext(
            self._record.conversation,
            self._record.message,
            call["id"],
            citations + 1,
            self._writer.status,
            self._longest,
        )
        try:
            async with asyncio.timeout(tool.seconds):
                result = await self._interrupts.wait(tool.call(arguments, context))
        except TimeoutError:
            self._fail(position, f"the call took longer than {tool.seconds:g} s", self._writer.elapsed - before)
        except FathomError as error:
            self._fail(position, str(error), self._writer.elapsed - before)
        except Exception:
            logger.exception("the tool %s failed", tool.name)
            self._fail(position, "the tool failed; the server's log says why", self._writer.elapsed - before)
        else:
            self._finish(position, result, self._writer.elapsed - before)

    def _finish(self, position: int, result: ToolResult, ms: int) -> None:
        text = result.text
        if len(text) > self._longest:
            text = f"{text[: self._longest]}\n[{len(text) - self._longest} more characters are left out]"
        files = [asdict(file) for file in result.files]
        self._change(position, state="done", result={"text": text, "files": files}, ms=ms)
        for citation in result.citations:
            self._writer.put(len(self._writer.parts), {"type": "citation", **asdict(citation)})

    def _fail(self, position: int, message: str, ms: int | None = None) -> None:
        self._change(position, state="failed", result={"text": "", "files": [], "error": message}, ms=ms)

    def _change(self, position: int, **fields: Any) -> None:
        self._writer.put(position, {**self._part(position), **fields})
