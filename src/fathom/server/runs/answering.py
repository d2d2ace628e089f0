"""Thinking, tool calls and answer of one run: a segment for each generation, tools between them."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any

from fathom.base.errors import OverloadedError
from fathom.server.conversations.prompt import Part, assistant_messages
from fathom.server.files.tokens import estimate_tokens
from fathom.server.generation.events import ChoiceFinished, GenerationDelta, GenerationFinished, GenerationStarted
from fathom.server.generation.jobs import ChatJob
from fathom.server.models.source import Abilities, ChatSource
from fathom.server.runs.calls import CallRunner
from fathom.server.runs.interrupt import AnswerNow, Interrupts
from fathom.server.runs.records import RunRecord, RunRequest
from fathom.server.runs.segment import SegmentText
from fathom.server.runs.services import RunServices
from fathom.server.runs.writer import RunWriter
from fathom.text.events import Event
from fathom.types import Conversation, Message, Tool, Usage

WAIT = 1.0
"""Seconds between two attempts where the engine's queue is full."""


@dataclass(slots=True)
class Segment:
    """One generation: its number, the position of its first part, how many tokens those before it had, and its own.
    ``past_budget``: it is known whether the thinking has kept to its budget. ``close``: the thinking ends behind them.
    ``ended``: why it ended, where all of it is stored: what remains are its calls.
    """

    index: int
    base: int
    used: int
    tokens: list[int] = field(default_factory=list)
    unsent: list[int] = field(default_factory=list)
    past_budget: bool = False
    close: bool = False
    ended: str | None = None


class Answering:
    """Writes one answer. ``events`` are the run's stored ones; a run without any begins anew."""

    def __init__(
        self,
        record: RunRecord,
        request: RunRequest,
        events: Iterable[Mapping[str, Any]],
        writer: RunWriter,
        services: RunServices,
        interrupts: Interrupts,
        abilities: Abilities,
    ) -> None:
        self._record = record
        self._request = request
        self._events = list(events)
        self._writer = writer
        self._services = services
        self._interrupts = interrupts
        self._abilities = abilities
        self._calls = CallRunner(record, self._events, writer, services, interrupts, abilities.context)
        self._prompt_tokens = self._completion_tokens = self._reasoning_tokens = 0
        self._generated = 0
        self._generating_ms = 0
        self._last_ms: int | None = None

    @property
    def usage(self) -> dict[str, Any]:
        """Tokens of all segments, in the fields of the OpenAI API; how fast this process generated them, and what they
        cost where that is known."""
        seconds = self._generating_ms / 1000
        usage = {
            "prompt_tokens": self._prompt_tokens,
            "completion_tokens": self._completion_tokens,
            "total_tokens": self._prompt_tokens + self._completion_tokens,
            "completion_tokens_details": {"reasoning_tokens": self._reasoning_tokens},
            "tokens_per_second": round(self._generated / seconds, 2) if seconds > 0 and self._generated else None,
        }
        prices = self._abilities.prices
        if prices is None:
            return usage
        return usage | {"cost": self._prompt_tokens * prices[0] + self._completion_tokens * prices[1]}

    async def run(self, source: ChatSource) -> str:
        """Write segments until one calls no tool; the reason for which the last one ended."""
        before = await self._services.prompt(self._request)
        segment = self._last_segment() or self._first_segment()
        while True:
            reason = segment.ended or await self._write(source, segment, before)
            called = await self._calls.run(segment.base)
            if not called:
                return reason
            segment = self._next_segment()

    def _last_segment(self) -> Segment | None:
        starts = [event for event in self._events if event["type"] == "segment"]
        if not starts:
            return None
        start = starts[-1]
        tokens = [
            token
            for event in self._events
            if event["type"] == "tokens" and event["segment"] == start["index"]
            for token in event["ids"]
        ]
        self._reasoning_tokens = start["reasoning"]
        segment = Segment(start["index"], start["base"], start["used"], tokens, close=_answer_wanted(self._events))
        for event in self._events:
            if event["type"] == "segment_ended" and event["index"] == segment.index:
                self._reopen(segment, event)
        return segment

    def _reopen(self, segment: Segment, end: Mapping[str, Any]) -> None:
        """Go on behind the end of a segment, as the process did that has written it."""
        segment.ended = end["reason"]
        self._prompt_tokens, self._completion_tokens = end["prompt"], end["completion"]
        self._reasoning_tokens = end["reasoning"]
        self._calls.note_cut(segment.base, frozenset(end["complete"]))

    def _first_segment(self) -> Segment:
        """What the message begins with is written first: parts that it continues, or the sources it was given."""
        given = self._request.begun or tuple({"type": "citation", **citation} for citation in self._request.citations)
        for position, part in enumerate(given):
            self._writer.put(position, part)
        base = len(given)
        while base and given[base - 1]["type"] in ("thinking", "answer"):
            base -= 1
        return self._begin(Segment(0, base, 0))

    def _next_segment(self) -> Segment:
        index = 1 + max(event["index"] for event in self._events if event["type"] == "segment")
        return self._begin(Segment(index, len(self._writer.parts), self._completion_tokens))

    def _begin(self, segment: Segment) -> Segment:
        event = {
            "type": "segment",
            "index": segment.index,
            "base": segment.base,
            "used": segment.used,
            "reasoning": self._reasoning_tokens,
        }
        self._events.append(event)
        self._writer.append(event)
        return segment

    async def _write(self, source: ChatSource, segment: Segment, before: Sequence[Message]) -> str:
        """Generate one segment to its end; the reason why it ended."""
        begun = self._request.begun[segment.base :] if segment.index == 0 else ()
        earlier = assistant_messages(self._writer.parts[: segment.base], keep_thinking=True)
        conversation = self._conversation([*before, *earlier], begun)
        close = segment.close
        reasoning = self._reasoning_tokens
        while True:
            text = SegmentText(begun, f"call_{self._record.id[-8:]}_{segment.index}")
            limit = self._limit(segment, close)
            job = ChatJob(
                conversation,
                {**self._request.sampling, "max_tokens": limit},  # type: ignore[typeddict-item]
                completion=tuple(segment.tokens),
                close_thinking=close,
            )
            self._reasoning_tokens = reasoning
            try:
                reason = await self._interrupts.wait(self._generate(source, job, segment, text), thinking=True)
            except AnswerNow:
                close = True
                continue
            finally:
                self._writer.emit_now()
            budget_ended = reason == "length" and limit is not None and limit != self._left(segment)
            if not budget_ended:
                complete = frozenset() if reason == "length" else text.complete_calls
                self._writer.show(segment.base, text.parts(), exact=True)
                self._end(segment, reason, complete)
                self._calls.note_cut(segment.base, complete)
                return reason
            close = text.thinking
            segment.past_budget = True

    def _end(self, segment: Segment, reason: str, complete: Collection[str]) -> None:
        """Store that nothing of the segment is missing: its calls remain, also where the model cannot repeat it."""
        self._writer.append(
            {
                "type": "segment_ended",
                "index": segment.index,
                "reason": reason,
                "complete": sorted(complete),
                "prompt": self._prompt_tokens,
                "completion": self._completion_tokens,
                "reasoning": self._reasoning_tokens,
                "at": self._writer.elapsed,
            }
        )

    def _conversation(self, messages: Sequence[Message], begun: Sequence[Part]) -> Conversation:
        tools = () if self._calls.exhausted else tuple(Tool(**tool) for tool in self._request.offered)
        prefill = bool(begun)
        if prefill:
            thoughts = "".join(part["text"] for part in begun if part["type"] == "thinking")
            answer = "".join(part["text"] for part in begun if part["type"] == "answer")
            messages = [*messages, Message("assistant", answer, thoughts or None)]
        return Conversation(tuple(messages), tools, self._request.thinks, prefill=prefill)

    def _left(self, segment: Segment) -> int | None:
        """How many tokens the segment may have; None: up to the end of the context."""
        most = self._request.sampling.get("max_tokens")
        return None if most is None else max(most - segment.used, 1)

    def _limit(self, segment: Segment, close: bool) -> int | None:
        """The same, or as many as the thinking may have while it is not known whether it goes on."""
        left, budget = self._left(segment), self._request.budget
        thinks = self._abilities.thinking and self._abilities.repeats
        if budget is None or close or not thinks or segment.past_budget or len(segment.tokens) > budget:
            return left
        return budget if left is None else min(left, budget)

    async def _generate(self, source: ChatSource, job: ChatJob, segment: Segment, text: SegmentText) -> str:
        """Read one generation into ``text``, and its new tokens into the log; the reason why it ended."""
        received = estimated = 0
        reason = "stop"
        self._last_ms = None
        async with aclosing(await submit(source, job, self._writer)) as events:
            async for event in events:
                match event:
                    case GenerationStarted(prompts):
                        self._prompt_tokens = sum(map(len, prompts)) or _estimate_prompt(job)
                    case GenerationDelta(_, parsed, token_ids):
                        text.take(parsed)
                        new = token_ids[max(len(segment.tokens) - received, 0) :]
                        received += len(token_ids)
                        segment.tokens += new
                        segment.unsent += new
                        estimated += 0 if token_ids else _estimate(parsed)
                        self._time(len(new) or _estimate(parsed))
                        self._completion_tokens = segment.used + max(len(segment.tokens), estimated)
                        self._writer.emit_soon(lambda: self._emit(segment, text))
                    case ChoiceFinished(_, ended):
                        reason = ended
                    case GenerationFinished(used):
                        self._count(segment, used)
        return reason

    def _emit(self, segment: Segment, text: SegmentText) -> None:
        """Append text and the tokens that it is from together: a crash loses both or none."""
        self._writer.show(segment.base, text.parts())
        ids, segment.unsent = segment.unsent, []
        if ids:
            self._writer.append(tokens_event(segment.index, 0, ids, self._writer.elapsed))
        self._writer.report(self.usage)

    def _time(self, tokens: int) -> None:
        """Count tokens by the time that they took; that of the first ones is the prompt's."""
        now = self._writer.elapsed
        if self._last_ms is not None:
            self._generating_ms += now - self._last_ms
            self._generated += tokens
        self._last_ms = now

    def _count(self, segment: Segment, used: Usage) -> None:
        self._prompt_tokens = used.prompt_tokens
        self._completion_tokens = segment.used + used.completion_tokens
        self._reasoning_tokens += used.reasoning_tokens


def _estimate(events: Iterable[Event]) -> int:
    """About how many tokens a text took that came without them, as from another server."""
    return sum(estimate_tokens(getattr(event, "text", "")) for event in events)


def _estimate_prompt(job: ChatJob) -> int:
    return sum(estimate_tokens(message.content) for message in job.conversation.messages)


def tokens_event(segment: int, branch: int, ids: Sequence[int], at: int) -> dict[str, Any]:
    """The log's own record of sampled tokens: what a resumed run begins with. Readers never see it."""
    return {"type": "tokens", "segment": segment, "branch": branch, "ids": list(ids), "at": at}


async def submit(source: ChatSource, job: ChatJob, writer: RunWriter) -> Any:
    """The events of a generation whose job the engine has accepted; waits as long as its queue is full."""
    while True:
        events = source.chat(job)
        try:
            first = await anext(events)
        except OverloadedError as error:
            writer.status(f"waiting: {error.message}")
            await asyncio.sleep(WAIT)
            continue
        return _chain(first, events)


def _answer_wanted(events: Iterable[Mapping[str, Any]]) -> bool:
    """Whether the thinking should have ended behind the last token, and the process ended first."""
    kinds = [event["type"] for event in events if event["type"] in ("tokens", "answer_now")]
    return kinds[-1:] == ["answer_now"]


async def _chain(first: Any, rest: Any) -> Any:
    async with aclosing(rest):
        yield first
        async for event in rest:
            yield event
