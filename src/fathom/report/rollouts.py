"""The completions that a run kept, selected and cut so that a page can hold them.

A first pass over the file notes the offsets of each step, a second reads what was selected: first and last step before
anything else, then evenly between, until the budget is spent.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from fathom.report import formatting
from fathom.report.records import JsonLines, Record, count, number, text
from fathom.report.run import STEPS, Run

MAX_STEPS, MAX_PROBLEMS, MAX_COMPLETIONS = 24, 4, 6
"""Of a run, of a step, of a problem."""

MAX_TEXT, MAX_PROMPT, MAX_DETAIL = 1800, 800, 240

PAGE_BUDGET = 1_000_000
"""Bytes of all completions of a report together, as they are in the page."""


@dataclass(frozen=True, slots=True)
class CompletionRecord:
    """``caption``: verdict, reward and length in one line; ``detail``: what the verifier said beyond the verdict."""

    text: str
    correct: bool
    caption: str
    detail: str


@dataclass(frozen=True, slots=True)
class ProblemRecord:
    """A prompt and some of its completions; ``correct`` of ``total`` were correct."""

    prompt: str
    completions: list[CompletionRecord]
    correct: int
    total: int

    @property
    def size(self) -> int:
        texts = [self.prompt, *(part for one in self.completions for part in (one.text, one.caption, one.detail))]
        return sum(len(one.encode()) + 5 * sum(map(one.count, "<>&'")) + sum(map(one.count, '\n"\\')) for one in texts)


@dataclass(frozen=True, slots=True)
class StepRecord:
    """What was kept of one step."""

    step: int
    problems: list[ProblemRecord]

    @property
    def as_json(self) -> list[object]:
        """The form in which the page's script reads it."""
        return [
            self.step,
            [
                [p.prompt, p.correct, p.total, [[c.text, int(c.correct), c.caption, c.detail] for c in p.completions]]
                for p in self.problems
            ],
        ]


def select_steps(run: Run, budget: int = PAGE_BUDGET) -> tuple[list[StepRecord], list[str]]:
    """Some steps of ``run`` in order, and what was wrong with its file."""
    lines = JsonLines(run.rollouts)
    offsets: dict[int, list[int]] = {}
    for offset, record in lines:
        step = count(record.get("step"))
        if step is not None and len(offsets.setdefault(step, [])) < MAX_PROBLEMS:
            offsets[step].append(offset)
    problems = lines.problems() if not lines.problem or STEPS in run.lines else []
    selected: dict[int, StepRecord] = {}
    for step in _from_the_ends(_spread(sorted(offsets))):
        for offset in offsets[step]:
            problem = _problem(lines.at(offset))
            if problem is not None and problem.size <= budget:
                selected.setdefault(step, StepRecord(step, [])).problems.append(problem)
                budget -= problem.size
    return [selected[step] for step in sorted(selected)], problems


def _spread(steps: Sequence[int]) -> Sequence[int]:
    """At most `MAX_STEPS`, evenly spread."""
    if len(steps) <= MAX_STEPS:
        return steps
    return [steps[place * (len(steps) - 1) // (MAX_STEPS - 1)] for place in range(MAX_STEPS)]


def _from_the_ends(steps: Sequence[int]) -> Iterator[int]:
    """The ends first, then the middles of the rest."""
    yield from dict.fromkeys((*steps[:1], *steps[-1:]))
    waiting = [(0, len(steps) - 1)]
    while waiting:
        low, high = waiting.pop(0)
        if high - low > 1:
            middle = (low + high) // 2
            yield steps[middle]
            waiting += [(low, middle), (middle, high)]


def _problem(line: Record) -> ProblemRecord | None:
    completions = line.get("completions")
    members = [one for one in completions if isinstance(one, dict)] if isinstance(completions, list) else []
    if not members:
        return None
    correct = sum(one.get("correct") is True for one in members)
    shown = [_completion(one) for one in _balanced_sample(members)]
    return ProblemRecord(text(line.get("prompt"), MAX_PROMPT), shown, correct, len(members))


def _balanced_sample(members: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Correct and wrong ones, half of each where there are enough, in the order they were sampled."""
    correct = [place for place, one in enumerate(members) if one.get("correct") is True]
    wrong = [place for place, one in enumerate(members) if one.get("correct") is not True]
    some = correct[: max(MAX_COMPLETIONS // 2, MAX_COMPLETIONS - len(wrong))]
    return [members[place] for place in sorted([*some, *wrong[: MAX_COMPLETIONS - len(some)]])]


def _completion(one: Record) -> CompletionRecord:
    raw, correct = one.get("text"), one.get("correct") is True
    reward, length = number(one.get("reward")), count(one.get("length"))
    parts = ["correct" if correct else "wrong"]
    parts += [] if reward is None else [f"reward {formatting.short(reward)}"]
    parts += [] if length is None else [formatting.with_unit(length, "token")]
    parts += ["truncated"] if one.get("truncated") is True else []
    detail = text(one.get("detail"), MAX_DETAIL)
    shown = text(_without_middle(raw), 10 * MAX_TEXT) if isinstance(raw, str) else ""
    return CompletionRecord(shown, correct, " · ".join(parts), "" if correct and detail == "right" else detail)


def _without_middle(raw: str) -> str:
    """Beginning and end of a long text."""
    half = MAX_TEXT // 2
    if len(raw) <= MAX_TEXT:
        return raw
    return f"{raw[:half]}\n⋯ {len(raw) - 2 * half:,} characters left out ⋯\n{raw[-half:]}"
