"""The completions that a run kept, chosen and cut so that a page can carry them.

A first pass over the file notes where each step begins, a second reads what was chosen: first and last step before
anything else, then evenly between, until the room is used up.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from fathom.report.files import LoadedLines, read_at, read_lines
from fathom.report.run import STEPS, Run
from fathom.report.values import Record, count, number, text

MOST_STEPS, GROUPS, MEMBERS = 24, 4, 6
"""At most so many of a run, of a step, of a problem."""

LONGEST_TEXT, LONGEST_PROMPT, LONGEST_DETAIL = 1800, 800, 240

ROOM = 1_000_000
"""Bytes of all completions of a report together, as they stand in the page."""


@dataclass(frozen=True, slots=True)
class CompletionRecord:
    """One answer; ``cut`` are the characters in its middle that are not shown."""

    text: str
    cut: int
    reward: float | None
    correct: bool
    detail: str
    length: int | None
    truncated: bool

    @property
    def size(self) -> int:
        return _bytes(self.text) + _bytes(self.detail) + 80


@dataclass(frozen=True, slots=True)
class ProblemRecord:
    """A prompt and completions of it; ``right`` of ``of`` earned their reward."""

    prompt: str
    completions: tuple[CompletionRecord, ...]
    right: int
    of: int

    @property
    def size(self) -> int:
        return _bytes(self.prompt) + sum(one.size for one in self.completions)


@dataclass(frozen=True, slots=True)
class StepRecord:
    """What was kept of one step."""

    step: int
    problems: tuple[ProblemRecord, ...]


def _bytes(shown: str) -> int:
    """As the page carries them: UTF-8, some signs as six."""
    return len(shown.encode()) + 5 * sum(map(shown.count, "<>&")) + sum(map(shown.count, '\n"\\'))


def steps(run: Run, room: int = ROOM) -> tuple[list[StepRecord], list[str]]:
    """Some steps of ``run`` in order, and what was wrong with its file."""
    path, reading = run.rollouts(), LoadedLines()
    places: dict[int, list[int]] = {}
    for line in read_lines(path, reading):
        step = count(line.values.get("step"))
        if step is not None and len(places.setdefault(step, [])) < GROUPS:
            places[step].append(line.start)
    problems = []
    if reading.broken:
        problems.append(f"{path.name}: {reading.broken} broken line{'s' if reading.broken > 1 else ''} left out")
    if reading.problem and STEPS in run.lines:
        problems.append(f"{path.name} {reading.problem}")
    found: dict[int, StepRecord] = {}
    for step in _order(sorted(places)):
        kept = []
        for start in places[step]:
            one = _problem(read_at(path, start))
            if one is not None and one.size <= room:
                kept.append(one)
                room -= one.size
        if kept:
            found[step] = StepRecord(step, tuple(kept))
    return [found[step] for step in sorted(found)], problems


def _order(known: Sequence[int]) -> Iterator[int]:
    """At most `MOST_STEPS` of ``known``, the ends first, then the middles of what lies between."""
    if not known:
        return
    some = known if len(known) <= MOST_STEPS else _spread(known)
    waiting = [(0, len(some) - 1)]
    yield some[0]
    if len(some) > 1:
        yield some[-1]
    while waiting:
        low, high = waiting.pop(0)
        if high - low > 1:
            middle = (low + high) // 2
            yield some[middle]
            waiting += [(low, middle), (middle, high)]


def _spread(known: Sequence[int]) -> list[int]:
    return [known[place * (len(known) - 1) // (MOST_STEPS - 1)] for place in range(MOST_STEPS)]


def _problem(line: Record) -> ProblemRecord | None:
    members = line.get("completions")
    known = [one for one in members if isinstance(one, dict)] if isinstance(members, list) else []
    if not known:
        return None
    right = sum(one.get("correct") is True for one in known)
    shown = tuple(_completion(one) for one in _balanced_sample(known))
    return ProblemRecord(text(line.get("prompt"), LONGEST_PROMPT), shown, right, len(known))


def _balanced_sample(members: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Right and wrong ones, as many as there is room for, in the order they were sampled."""
    right = [place for place, one in enumerate(members) if one.get("correct") is True]
    wrong = [place for place, one in enumerate(members) if one.get("correct") is not True]
    half = MEMBERS // 2
    some_right = right[: max(half, MEMBERS - len(wrong))]
    chosen = sorted([*some_right, *wrong[: MEMBERS - len(some_right)]])
    return [members[place] for place in chosen]


def _completion(one: Record) -> CompletionRecord:
    raw = one.get("text")
    raw = raw if isinstance(raw, str) else ""
    shown, cut = _middle_out(raw)
    return CompletionRecord(
        text=text(shown, 10 * LONGEST_TEXT),
        cut=cut,
        reward=number(one.get("reward")),
        correct=one.get("correct") is True,
        detail=text(one.get("detail"), LONGEST_DETAIL),
        length=count(one.get("length")),
        truncated=one.get("truncated") is True,
    )


def _middle_out(raw: str) -> tuple[str, int]:
    """Beginning and end of a long text, and how much is missing between."""
    if len(raw) <= LONGEST_TEXT:
        return raw, 0
    half = LONGEST_TEXT // 2
    cut = len(raw) - 2 * half
    return f"{raw[:half]}\n⋯ {cut:,} characters left out ⋯\n{raw[-half:]}", cut
