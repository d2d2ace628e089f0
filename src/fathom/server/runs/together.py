"""Think together: several answers to one question at once, and a vote on what they found (arXiv 2203.11171).

Each candidate is a generation of its own, with a seed that follows from the run's and its index, and its tokens are
stored as those of a single answer are. The first one starts alone until its prompt is computed, so that the others find
it in the prefix cache. The answer of the message is that of the first candidate with the most votes.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any

from fathom.server.generation.events import GenerationDelta, GenerationFinished
from fathom.server.generation.jobs import ChatJob
from fathom.server.models.source import ChatSource
from fathom.server.runs.abandoned import run_to_end
from fathom.server.runs.answering import submit, tokens_event
from fathom.server.runs.fold import new_candidate
from fathom.server.runs.records import RunRecord, RunRequest
from fathom.server.runs.segment import SegmentText
from fathom.server.runs.services import RunServices
from fathom.server.runs.votes import extract_answer, same_answer
from fathom.server.runs.writer import RunWriter
from fathom.types import Conversation, Usage

MOST = 16
"""Candidates of one question."""
_GOLDEN = 0x9E3779B97F4A7C15


def candidate_seed(seed: int, index: int) -> int:
    """The first candidate is the answer that a run without company would give."""
    return (seed + index * _GOLDEN) % 2**63


@dataclass(slots=True)
class _Candidate:
    index: int
    tokens: list[int] = field(default_factory=list)
    unsent: list[int] = field(default_factory=list)
    text: SegmentText = field(default_factory=SegmentText)
    finished: bool = False
    usage: Usage = field(default_factory=Usage)

    def text_of(self, kind: str) -> str:
        return "".join(part["text"] for part in self.text.parts() if part["type"] == kind)


class ThinkingTogether:
    """The candidates of one run. ``events`` are the run's stored ones."""

    def __init__(
        self,
        record: RunRecord,
        request: RunRequest,
        events: Iterable[Mapping[str, Any]],
        writer: RunWriter,
        services: RunServices,
    ) -> None:
        self._record = record
        self._request = request
        self._writer = writer
        self._services = services
        self._started = asyncio.Event()
        self._candidates = [_Candidate(index) for index in range(request.together)]
        for event in events:
            if event["type"] == "tokens":
                self._candidates[event["branch"]].tokens += event["ids"]

    @property
    def usage(self) -> dict[str, Any]:
        """The prompt counts once."""
        used = [candidate.usage for candidate in self._candidates]
        prompt = max((one.prompt_tokens for one in used), default=0)
        completion = sum(max(one.usage.completion_tokens, len(one.tokens)) for one in self._candidates)
        return {
            "prompt_tokens": prompt,
            "completion_tokens": completion,
            "total_tokens": prompt + completion,
            "completion_tokens_details": {"reasoning_tokens": sum(one.reasoning_tokens for one in used)},
        }

    async def run(self, source: ChatSource) -> str:
        """Write all candidates, the vote and the answer; the reason why it ended."""
        messages = await self._services.prompt(self._request)
        conversation = Conversation(tuple(messages), thinking=self._request.thinks)
        self._put_citations()
        if not any(part["type"] == "vote" for part in self._writer.parts):
            self._put_vote()
        try:
            async with asyncio.TaskGroup() as group:
                for candidate in self._candidates:
                    group.create_task(self._write(source, conversation, candidate))
                    if candidate.index == 0:
                        await self._started.wait()
        except ExceptionGroup as failures:  # it means what the first one means, to the reader and at the server's end
            raise failures.exceptions[0] from None
        self._writer.emit_now()
        chosen = self._put_vote(final=True)
        answer = self._candidates[chosen].text_of("answer")
        position = self._vote_position + 1
        if len(self._writer.parts) <= position:
            self._writer.append({"type": "delta", "part": position, "kind": "answer", "text": answer})
        return "stop"

    @property
    def _vote_position(self) -> int:
        parts = self._writer.parts
        return next((i for i, part in enumerate(parts) if part["type"] == "vote"), len(parts))

    def _put_citations(self) -> None:
        if not self._writer.parts:
            for position, citation in enumerate(self._request.citations):
                self._writer.put(position, {"type": "citation", **citation})

    async def _write(self, source: ChatSource, conversation: Conversation, candidate: _Candidate) -> None:
        """A group ends without its task that cancels itself: such a candidate would be written for ever."""
        await run_to_end(self._generate(source, conversation, candidate))

    async def _generate(self, source: ChatSource, conversation: Conversation, candidate: _Candidate) -> None:
        sampling = {**self._request.sampling, "seed": candidate_seed(self._request.seed, candidate.index)}
        job = ChatJob(conversation, sampling, completion=tuple(candidate.tokens))  # type: ignore[arg-type]
        received = 0
        try:
            async with aclosing(await submit(source, job, self._writer)) as events:
                async for event in events:
                    match event:
                        case GenerationDelta(_, parsed, token_ids):
                            candidate.text.take(parsed)
                            new = token_ids[max(len(candidate.tokens) - received, 0) :]
                            received += len(token_ids)
                            candidate.tokens += new
                            candidate.unsent += new
                            self._started.set()
                            self._writer.emit_soon(self._emit)
                        case GenerationFinished(used):
                            candidate.usage = used
        finally:
            self._started.set()
        candidate.finished = True
        self._writer.emit_now()
        self._put_vote()

    def _emit(self) -> None:
        """Append what the candidates have written, with its tokens."""
        stored = {one["index"]: one for one in self._writer.parts[self._vote_position]["candidates"]}
        for candidate in self._candidates:
            for kind in ("thinking", "answer"):
                text, known = candidate.text_of(kind), stored[candidate.index][kind]
                if text.startswith(known) and len(text) > len(known):
                    rest = text[len(known) :]
                    self._writer.append({"type": "candidate", "index": candidate.index, "kind": kind, "text": rest})
            ids, candidate.unsent = candidate.unsent, []
            if ids:
                self._writer.append(tokens_event(0, candidate.index, ids, self._writer.elapsed))
        self._writer.report(self.usage)

    def _put_vote(self, *, final: bool = False) -> int:
        """Append the vote as it is; the index of the candidate that leads."""
        candidates, answers = [], {}
        position = self._vote_position
        known = {one["index"]: one for one in self._stored_candidates(position)}
        for candidate in self._candidates:
            one = {**(known.get(candidate.index) or new_candidate(candidate.index))}
            if candidate.finished:
                one |= {kind: candidate.text_of(kind) for kind in ("thinking", "answer")}
                one |= {"extracted": extract_answer(one["answer"]), "state": "done"}
                answers[candidate.index] = one["extracted"]
            candidates.append(one)
        tally, leader = count_votes(answers)
        chosen = leader if final else None
        self._writer.put(position, {"type": "vote", "candidates": candidates, "tally": tally, "chosen": chosen})
        return leader

    def _stored_candidates(self, position: int) -> Iterable[Mapping[str, Any]]:
        parts = self._writer.parts
        return parts[position]["candidates"] if position < len(parts) else ()


def count_votes(answers: Mapping[int, str | None]) -> tuple[list[dict[str, Any]], int]:
    """How many candidates found each answer, the most first, and the first candidate that found the first of these.

    ``answers`` are the extracted ones by index; a candidate without one (None) does not vote.
    """
    counts: Counter[str] = Counter()
    first: dict[str, int] = {}
    for index in sorted(answers):
        answer = answers[index]
        if answer is None:
            continue
        same = next((known for known in counts if same_answer(known, answer)), answer)
        counts[same] += 1
        first.setdefault(same, index)
    ranked = sorted(counts, key=lambda answer: (-counts[answer], first[answer]))
    leader = first[ranked[0]] if ranked else min(answers, default=0)
    return [{"answer": answer, "count": counts[answer]} for answer in ranked], leader
