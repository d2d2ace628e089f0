"""What was measured on held-out problems, by arm: every figure with what it may be off by.

Several runs of an arm give mean and spread: the standard deviation over runs. One run gives the standard error over
problems. What is a share of a problem's completions has a variance of at most p(1 - p) over problems; where a run kept
no error, that bound stands in for it, and is too wide rather than too narrow.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import mean, stdev
from typing import Literal

from fathom.report.run import Run
from fathom.report.values import Record, at, number, text
from fathom.report.variants import Variant, origin, start_parts

Unit = Literal["share", "number"]
GREEDY = 0.0


@dataclass(frozen=True, slots=True)
class Estimate:
    """``values`` of the runs of an arm. ``error`` is that of a run over problems, None where nobody knows."""

    values: tuple[float, ...]
    error: float | None = None

    @property
    def mean(self) -> float:
        return mean(self.values)

    @property
    def over_runs(self) -> bool:
        return len(self.values) > 1

    @property
    def plus_minus(self) -> float | None:
        """Spread over runs, or standard error over problems."""
        return stdev(self.values) if self.over_runs else self.error


@dataclass(frozen=True, slots=True)
class Measure:
    """Something that a line of a measurement holds: ``path`` in it, at a ``temperature``."""

    title: str
    path: str
    temperature: float
    unit: Unit = "share"
    bounded: bool = True
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Measured:
    """A model's measurement: a line for each temperature."""

    run: Run
    of: Run | None
    lines: dict[float, Record]


@dataclass(frozen=True, slots=True)
class Result:
    """All measurements of an arm on one set of problems."""

    name: str
    arm: Variant | None
    measured: tuple[Measured, ...]

    def estimate(self, measure: Measure) -> Estimate | None:
        lines = [one.lines[measure.temperature] for one in self.measured if measure.temperature in one.lines]
        values = [(value, line) for line in lines if (value := number(at(line, measure.path))) is not None]
        if not values:
            return None
        errors = [error for value in values if (error := _error(measure, *value)) is not None]
        return Estimate(tuple(value for value, _ in values), max(errors, default=None))

    def ks(self, temperature: float) -> list[int]:
        """The k of which there is a pass@k."""
        found: set[int] = set()
        for one in self.measured:
            for key in one.lines.get(temperature, {}):
                if match := re.fullmatch(r"pass@([1-9]\d{0,5})", key):
                    found.add(int(match[1]))
        return sorted(found)


@dataclass(frozen=True, slots=True)
class Board:
    """Every arm on one set of problems: a split of a task."""

    task: str
    split: str
    results: tuple[Result, ...]

    @property
    def temperatures(self) -> list[float]:
        """From hot to cold."""
        return sorted({t for result in self.results for one in result.measured for t in one.lines}, reverse=True)

    @property
    def main(self) -> float | None:
        """The temperature whose pass@k and traces are told: 1, or the hottest."""
        sampled = [t for t in self.temperatures if t > GREEDY]
        return 1.0 if 1.0 in sampled else max(sampled, default=None)

    @property
    def problems(self) -> int | None:
        found = [
            number(line.get("problems")) for r in self.results for one in r.measured for line in one.lines.values()
        ]
        return int(max((value for value in found if value is not None), default=0)) or None

    def result(self, arm: Variant) -> Result | None:
        return next((result for result in self.results if result.arm is arm), None)


def boards(runs: Sequence[Run], groups: Sequence[Variant]) -> list[Board]:
    """One board for each split of each task that somebody was measured on."""
    found: dict[tuple[str, str], dict[str, list[Measured]]] = {}
    arm_of = {run.directory: arm for arm in groups for run in arm.runs}
    arms_by_name: dict[str, Variant] = {}
    for run in (run for run in runs if run.lines.get("measure")):
        of = origin(run, runs)
        arm = arm_of.get(of.directory) if of is not None else None
        name = arm.name if arm is not None else _stranger(run)
        if arm is not None:
            arms_by_name[name] = arm
        lines = {t: line for line in run.lines["measure"] if (t := number(line.get("temperature"))) is not None}
        mine = found.setdefault((_task(run), _split(run)), {}).setdefault(name, [])
        if of is not None:  # measured again: the later word counts
            mine[:] = [one for one in mine if one.of is not of]
        mine.append(Measured(run, of, lines))
    order = {arm.name: place for place, arm in enumerate(groups)}
    return [
        Board(
            task,
            split,
            tuple(
                Result(name, arms_by_name.get(name), tuple(measured))
                for name, measured in sorted(results.items(), key=lambda item: order.get(item[0], len(order)))
            ),
        )
        for (task, split), results in found.items()
    ]


def accuracies(board: Board) -> list[Measure]:
    """Right answers: at every temperature, and read leniently."""
    rows = [Measure(f"sampled, T = {t:g}", "pass@1", t) for t in board.temperatures if t > GREEDY]
    if GREEDY in board.temperatures:
        rows.append(Measure("greedy", "pass@1", GREEDY))
    if board.main is not None:
        rows.append(Measure("read leniently", "lenient", board.main, hint="sampled, whatever stands around the answer"))
    return rows


def passes(board: Board) -> list[Measure]:
    """pass@k beyond 1, at the main temperature."""
    main = board.main
    if main is None:
        return []
    ks = sorted({k for result in board.results for k in result.ks(main) if k > 1})
    return [Measure(f"pass@{k}", f"pass@{k}", main) for k in ks]


def manners(board: Board) -> list[Measure]:
    """How answers come about."""
    main = board.main if board.main is not None else GREEDY
    return [
        Measure("length, tokens", "length", main, "number"),
        Measure("cut off", "truncated", main, hint="reached the limit of tokens"),
        Measure("well formed", "well_formed", main),
        Measure("guesses", "guesses", main, hint="no closed thought before the answer; what is cut off counts too"),
        Measure("right where it thinks", "thought_right", main, bounded=False),
        Measure("right where it guesses", "guess_right", main, bounded=False),
    ]


def traces(board: Board) -> list[Measure]:
    """What stands in the thoughts, where they can be read."""
    main = board.main if board.main is not None else GREEDY
    return [
        Measure("lines tried", "traces.lines", main, "number"),
        Measure("claims a hit", "traces.claims", main),
        Measure(
            "claims that hold", "traces.verified", main, bounded=False, hint="the value is the target, its line right"
        ),
        Measure("first result right", "traces.first_right", main, bounded=False, hint="arithmetic with two numbers"),
        Measure(
            "leaf result right", "traces.leaf_right", main, bounded=False, hint="that result with the third number"
        ),
        Measure("strange lines", "traces.strange", main, bounded=False, hint="that read like no line of the corpus"),
    ]


def _error(measure: Measure, value: float, line: Record) -> float | None:
    place = measure.path.rpartition(".")[0]
    near = found if isinstance(found := at(line, place), dict) else line
    if measure.path.endswith("pass@1") and (error := number(near.get("error"))) is not None:
        return error
    problems = number(near.get("problems", line.get("problems")))
    if measure.unit == "share" and measure.bounded and problems and 0 <= value <= 1:
        return sqrt(value * (1 - value) / problems)
    return None


def _stranger(run: Run) -> str:
    """A name for a model whose training is not part of the report."""
    parts = start_parts(run)
    return text(parts[-1], 40) if parts else run.label


def _task(run: Run) -> str:
    return text(run.setting("task.name"), 60) or "a task without a name"


def _split(run: Run) -> str:
    return text(run.last("measure").get("split"), 20) or text(run.setting("split"), 20) or "test"
