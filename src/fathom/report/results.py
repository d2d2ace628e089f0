"""Evaluations on held-out problems, by variant: every figure with its uncertainty.

Several runs of a variant give mean and standard deviation over runs. One run gives the standard error over problems. A
share of a problem's completions has a variance of at most p(1 - p) over problems; where a run recorded no error, that
bound replaces it, and is too wide rather than too narrow.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import sqrt
from typing import Literal

from fathom.evals.statistics import mean, sample_variance
from fathom.report import formatting
from fathom.report.records import Record, label, lookup, number, text
from fathom.report.run import Run
from fathom.report.variants import Variant, origin, start_parts

GREEDY = 0.0

MAX_TASK_MEASURES, MAX_LEVELS = 48, 16
"""Rows of the task's own metrics, and levels; a file may hold any number."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """``values`` of the runs of a variant. ``error``: the standard error of one run over problems, None if unknown."""

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
        """The standard deviation over runs, or the standard error over problems."""
        return sqrt(sample_variance(self.values)) if self.over_runs else self.error

    def __str__(self) -> str:
        return formatting.share_with_error(self.mean, self.plus_minus)


@dataclass(frozen=True, slots=True)
class Measure:
    """A figure that lines of an evaluation hold at ``path``. ``bounded``: a share of the completions of each problem,
    whose standard error has a bound. ``ranked``: more is better, the best variant is set in bold.
    """

    title: str
    path: str
    temperature: float
    unit: Literal["share", "number"] = "share"
    bounded: bool = True
    ranked: bool = False
    hint: str = ""

    @property
    def qualified_title(self) -> str:
        """Of the task's own metrics, with the name of their group."""
        group = self.path.rpartition(".")[0]
        return f"{label(group)}: {self.title}" if group else self.title

    def format(self, value: float) -> str:
        """Shares in percent without the sign, numbers with one digit."""
        return formatting.share(value) if self.unit == "share" else f"{value:.1f}"


@dataclass(frozen=True, slots=True)
class EvaluationRun:
    """One evaluation: ``run`` recorded it, ``model`` is the run that trained the model. A line for each temperature."""

    run: Run
    model: Run | None
    lines: dict[float, Record]


@dataclass(frozen=True, slots=True, eq=False)
class VariantResult:
    """All evaluations of one variant on one set of problems. ``variant`` None: its training is not in the report."""

    name: str
    variant: Variant | None
    evaluations: list[EvaluationRun] = field(default_factory=list)

    @property
    def color(self) -> int:
        return self.variant.color if self.variant is not None else 7

    @property
    def is_rl(self) -> bool:
        return self.variant is not None and self.variant.stage == "rl"

    def lines(self, temperature: float) -> list[Record]:
        return [one.lines[temperature] for one in self.evaluations if temperature in one.lines]

    def estimate(self, measure: Measure) -> Estimate | None:
        pairs = [
            (value, line)
            for line in self.lines(measure.temperature)
            if (value := number(lookup(line, measure.path))) is not None
        ]
        if not pairs:
            return None
        errors = [error for value, line in pairs if (error := _error(measure, value, line)) is not None]
        return Estimate(tuple(value for value, _ in pairs), max(errors, default=None))

    def pass_at(self, temperature: float) -> dict[int, Estimate]:
        """pass@k by k."""
        matches = (re.fullmatch(r"pass@([1-9]\d{0,5})", key) for line in self.lines(temperature) for key in line)
        ks = sorted({int(match[1]) for match in matches if match})
        estimates = {k: self.estimate(Measure("", f"pass@{k}", temperature)) for k in ks}
        return {k: estimate for k, estimate in estimates.items() if estimate is not None}


@dataclass(frozen=True, slots=True)
class TaskResults:
    """Every variant that was evaluated on one split of a task."""

    task: str
    split: str
    variants: tuple[VariantResult, ...]

    @property
    def temperatures(self) -> list[float]:
        """From the highest down."""
        return sorted({t for one in self.variants for run in one.evaluations for t in run.lines}, reverse=True)

    @property
    def main_temperature(self) -> float | None:
        """The temperature of pass@k and the task's metrics: 1, or the highest; None where only greedy was measured."""
        sampled = [t for t in self.temperatures if t > GREEDY]
        return 1.0 if 1.0 in sampled else max(sampled, default=None)

    @property
    def problems(self) -> int | None:
        """The number of problems."""
        counts = [number(line.get("problems")) for t in self.temperatures for line in self._lines(t)]
        return int(max((value for value in counts if value is not None), default=0)) or None

    def result(self, variant: Variant) -> VariantResult | None:
        return next((result for result in self.variants if result.variant is variant), None)

    def accuracies(self) -> list[Measure]:
        """Sampled pass@1 at every temperature, then greedy."""
        return [
            Measure(f"sampled, T = {t:g}" if t > GREEDY else "greedy", "pass@1", t, ranked=True)
            for t in self.temperatures
        ]

    def groups(self) -> dict[str, list[Measure]]:
        """All measures by the title of their group."""
        main = self.main_temperature
        t = GREEDY if main is None else main
        lenient = Measure("lenient reading", "lenient", t, ranked=True, hint="an answer anywhere in the text counts")
        ks = sorted({k for one in self.variants for k in one.pass_at(t) if k > 1})
        completions = [
            Measure("length, tokens", "length", t, "number"),
            Measure("truncated", "truncated", t, hint="reached the limit of tokens"),
            Measure("well formed", "well_formed", t),
            Measure("guesses", "guesses", t, hint="answers without thinking"),
            Measure("correct with thinking", "thought_right", t, bounded=False),
            Measure("correct without thinking", "guess_right", t, bounded=False),
        ]
        return {
            "Correct answers, %": [*self.accuracies(), lenient],
            f"pass@k at T = {t:g}, %": [Measure(f"pass@{k}", f"pass@{k}", t, ranked=True) for k in ks],
            "Completions": completions,
            **self._task_groups(t),
        }

    def level_groups(self) -> dict[str, list[Measure]]:
        """pass@1, and pass@k of the largest k, of each difficulty level; empty where there are no levels."""
        t = self.main_temperature
        lines = self._lines(t) if t is not None else []
        levels = {key: None for line in lines if isinstance(by := line.get("levels"), Mapping) for key in by}
        names = [name for name in levels if "." not in name][:MAX_LEVELS]
        if t is None or not names:
            return {}
        ks = (1, max((k for one in self.variants for k in one.pass_at(t)), default=1))
        return {
            f"pass@{k}": [Measure(label(name), f"levels.{name}.pass@{k}", t, ranked=True) for name in names]
            for k in dict.fromkeys(ks)
        }

    def _task_groups(self, temperature: float) -> dict[str, list[Measure]]:
        """The metrics that the task reports of itself: nested objects of numbers, under the names of their keys.

        Where all values are within 0..1 they are taken for shares.
        """
        values: dict[str, list[float]] = {}
        for line in self._lines(temperature):
            for path, value in _nested_numbers({key: inner for key, inner in line.items() if key != "levels"}):
                values.setdefault(path, []).append(value)
        groups: dict[str, list[Measure]] = {}
        for path, numbers in list(values.items())[:MAX_TASK_MEASURES]:
            group, _, key = path.rpartition(".")
            unit: Literal["share", "number"] = "share" if all(0 <= value <= 1 for value in numbers) else "number"
            measure = Measure(label(key), path, temperature, unit, bounded=False)
            groups.setdefault(label(group.replace(".", ": ")).capitalize(), []).append(measure)
        return groups

    def _lines(self, temperature: float) -> list[Record]:
        return [line for one in self.variants for line in one.lines(temperature)]


def collect_results(runs: Sequence[Run], variants: Sequence[Variant]) -> list[TaskResults]:
    """The results on each split of each task. Of a model that was evaluated twice, the later evaluation counts."""
    by_problems: dict[tuple[str, str], dict[str, VariantResult]] = {}
    for run in (run for run in runs if run.lines.get("measure")):
        model = origin(run, runs)
        variant = next((one for one in variants if model in one.runs), None)
        name = variant.name if variant is not None else text("/".join(start_parts(run)[-1:]), 40) or run.label
        results = by_problems.setdefault((_task(run), _split(run)), {})
        result = results.setdefault(name, VariantResult(name, variant))
        if model is not None:
            result.evaluations[:] = [one for one in result.evaluations if one.model is not model]
        lines = {t: line for line in run.lines["measure"] if (t := number(line.get("temperature"))) is not None}
        result.evaluations.append(EvaluationRun(run, model, lines))
    order = {variant.name: place for place, variant in enumerate(variants)}
    return [
        TaskResults(task, split, tuple(sorted(results.values(), key=lambda one: order.get(one.name, len(order)))))
        for (task, split), results in by_problems.items()
    ]


def _nested_numbers(record: Mapping[object, object], prefix: str = "") -> Iterator[tuple[str, float]]:
    """Paths and values of the numbers in objects up to two levels below ``record``."""
    for key, inner in record.items():
        path = f"{prefix}{key}"
        if isinstance(inner, Mapping) and prefix.count(".") < 2:
            yield from _nested_numbers(inner, f"{path}.")
        elif prefix and (value := number(inner)) is not None:
            yield path, value


def _error(measure: Measure, value: float, line: Record) -> float | None:
    parent = lookup(line, measure.path.rpartition(".")[0])
    near: Record = parent if isinstance(parent, Mapping) else line
    if measure.path.endswith("pass@1") and (error := number(near.get("error"))) is not None:
        return error
    problems = number(near.get("problems", line.get("problems")))
    if measure.unit == "share" and measure.bounded and problems and problems > 0 and 0 <= value <= 1:
        return sqrt(value * (1 - value) / problems)
    return None


def _task(run: Run) -> str:
    return text(run.setting("task.name"), 60) or "a task without a name"


def _split(run: Run) -> str:
    return text(run.last("measure").get("split"), 20) or text(run.setting("split"), 20) or "test"
