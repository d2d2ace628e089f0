"""Goals of an experiment with reinforcement learning: met, missed or open, and by what margin.

A variant is above another where the difference of the means exceeds the sum of both standard deviations over seeds.
With one run of a variant its spread is unknown: the verdict stays open, however large the difference.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Literal

from fathom.evals.statistics import mean
from fathom.report import formatting
from fathom.report.formatting import percent, points, share, with_unit
from fathom.report.records import Record, count, number
from fathom.report.results import GREEDY, Estimate, TaskResults, VariantResult
from fathom.report.run import Run
from fathom.report.variants import Variant, lineage, origin

Outcome = Literal["missed", "open", "met"]

MIN_SEEDS, MIN_BASES = 3, 2
"""Runs of reinforcement learning, and bases they start from, that a result should rest on."""

TIME_TOLERANCE = 0.1
"""A control may have had this share less of machine time."""

DEFAULT_GOAL = 0.85
"""Share of sampled answers that should be correct after reinforcement learning."""

SIGNIFICANCE = 0.05
"""Significance level (p-value threshold)."""


@dataclass(frozen=True, slots=True)
class GoalVerdict:
    """A goal and its outcome; ``open`` where the numbers do not decide. ``detail``: the numbers and the margin."""

    goal: str
    outcome: Outcome
    detail: str


def readiness(runs: Sequence[Run]) -> list[GoalVerdict]:
    """Whether the bases were ready for reinforcement learning: the evaluation before the first step against the bounds
    in the configuration. Runs with the same goal share a verdict.
    """
    by_goal: dict[str, list[tuple[Run, bool, str]]] = {}
    for check in (_pass_at_1_in_bounds, _pass_at_k_reached, _thinking_pays):
        for run in runs:
            for goal, met, detail in check(run, run.last("gate")):
                by_goal.setdefault(goal, []).append((run, met, detail))
    return [_join(goal, parts) for goal, parts in by_goal.items()]


def _join(goal: str, parts: Sequence[tuple[Run, bool, str]]) -> GoalVerdict:
    same = len({run.place[-1:] for run, _, _ in parts}) == 1  # seed-1/zero, seed-2/zero: name seed-1, seed-2
    names = ["/".join(run.place[:-1]) if same and len(run.place) > 1 else run.label for run, _, _ in parts]
    details = [f"{name} {detail}" for name, (_, _, detail) in zip(names, parts, strict=True)]
    met = all(met for _, met, _ in parts)
    return GoalVerdict(goal, "met" if met else "missed", "; ".join(details) if len(parts) > 1 else parts[0][2])


def _pass_at_1_in_bounds(run: Run, line: Record) -> Iterator[tuple[str, bool, str]]:
    solved, bounds = number(line.get("pass@1")), run.setting("gate.pass_at_1")
    low, high = (number(bound) for bound in bounds) if isinstance(bounds, list) and len(bounds) == 2 else (None, None)
    if solved is not None and low is not None and high is not None:
        off, side = (solved - high, "above") if solved > high else (low - solved, "below")
        margin = f", {share(off)} points {side}" if off > 0 else ""
        detail = formatting.share_with_error(solved, number(line.get("error"))) + margin
        yield f"pass@1 between {share(low, 0)} and {percent(high, 0)}", off <= 0, detail


def _pass_at_k_reached(run: Run, line: Record) -> Iterator[tuple[str, bool, str]]:
    keys = [key[5:] for key in line if key.startswith("pass@") and key.isascii() and key[5:].isdecimal()]
    k = max((int(key) for key in keys if len(key) < 7), default=1)
    least, reached = number(run.setting("gate.pass_at_k")), number(line.get(f"pass@{k}"))
    if k > 1 and least is not None and reached is not None:
        margin = f", {share(least - reached)} points below" if reached < least else ""
        yield f"pass@{k} at least {percent(least, 0)}", reached >= least, percent(reached) + margin


def _thinking_pays(_run: Run, line: Record) -> Iterator[tuple[str, bool, str]]:
    thinks, guesses = number(line.get("thought_right")), number(line.get("guess_right"))
    if thinks is not None:
        detail = f"{share(thinks)} against {percent(guesses)}" if guesses is not None else "it never guesses"
        yield "answers with thinking are correct more often than guesses", guesses is None or thinks > guesses, detail


def goal_verdicts(results: TaskResults, variant: Variant, runs: Sequence[Run], goal: float) -> Iterator[GoalVerdict]:
    """The goals of one variant of reinforcement learning, compared with all variants that are not."""
    mine = results.result(variant)
    if mine is None:
        return
    controls = [result for result in results.variants if not result.is_rl]
    sampled = [measure for measure in results.accuracies() if measure.temperature > GREEDY]
    for measure in sampled:
        if (estimate := mine.estimate(measure)) is not None:
            off = estimate.mean - goal
            detail = f"{estimate}" + (f", {share(-off)} points short" if off < 0 else "")
            title = f"sampled pass@1 at least {percent(goal, 0)} at T = {measure.temperature:g}"
            yield GoalVerdict(title, "met" if off >= 0 else "missed", detail)
    for measure in results.accuracies():
        estimate = mine.estimate(measure)
        others = [(one.name, other) for one in controls if (other := one.estimate(measure)) is not None]
        if estimate is not None and others:
            if measure.temperature > GREEDY:
                yield _above_controls(measure.temperature, estimate, others)
            else:
                yield _greedy(estimate, others)
    yield from _equal_time(mine, controls, runs)
    seeds = len(mine.evaluations)
    bases = len({one.model.start for one in mine.evaluations if one.model is not None and one.model.start})
    enough = seeds >= MIN_SEEDS and bases >= MIN_BASES
    detail = f"{with_unit(seeds, 'run')} from {with_unit(bases, 'base')}"
    yield GoalVerdict(f"at least {MIN_SEEDS} seeds over {MIN_BASES} bases", "met" if enough else "missed", detail)


def _greedy(mine: Estimate, others: Sequence[tuple[str, Estimate]]) -> GoalVerdict:
    name, best = max(others, key=lambda other: other[1].mean)
    off = mine.mean - best.mean
    detail = f"{mine}, the best control ({name}) {best}: {points(off)} points"
    return GoalVerdict("greedy at least equal to every control", "met" if off >= 0 else "missed", detail)


def _above_controls(temperature: float, mine: Estimate, others: Sequence[tuple[str, Estimate]]) -> GoalVerdict:
    margins = [(name, *margin(mine, other)) for name, other in others]
    worst: Outcome = min((outcome for _, outcome, _ in margins), key=("missed", "open", "met").index)
    detail = "points above " + "; ".join(f"{name} {written}" for name, _, written in margins)
    detail += "; a single seed has no spread to compare with" if worst == "open" else ""
    goal = f"sampled at T = {temperature:g} above every control by more than the spread of seeds"
    return GoalVerdict(goal, worst, detail)


def margin(mine: Estimate, other: Estimate) -> tuple[Outcome, str]:
    """Whether one is above the other by more than both spreads together, and the difference in points."""
    off = mine.mean - other.mean
    if not (mine.over_runs and other.over_runs):
        return ("missed" if off <= 0 else "open"), points(off)
    spread = (mine.plus_minus or 0.0) + (other.plus_minus or 0.0)
    return ("met" if off > spread else "missed"), f"{points(off)} (spread {share(spread)})"


def _equal_time(mine: VariantResult, controls: Sequence[VariantResult], runs: Sequence[Run]) -> Iterator[GoalVerdict]:
    """Whether the controls trained as long from the same bases as reinforcement learning did."""
    bases = [origin(one.model, runs) for one in mine.evaluations if one.model is not None]

    def seconds(result: VariantResult) -> float:
        """Machine time from the base to the evaluated model, through all rounds between, averaged over runs."""
        models = [one.model for one in result.evaluations if one.model is not None and one.model not in bases]
        paths = [takewhile(lambda run: run not in bases, lineage(model, runs)) for model in models]
        spent = [time for path in paths if (time := sum(run.seconds or 0.0 for run in path))]
        return mean(spent) if spent else 0.0

    spent, others = seconds(mine), {one.name: time for one in controls if (time := seconds(one))}
    if spent and others:
        fair = all(time >= (1 - TIME_TOLERANCE) * spent for time in others.values())
        times = ", ".join(f"{name} {formatting.duration(time)}" for name, time in others.items())
        goal = "every control trained as long as reinforcement learning"
        yield GoalVerdict(goal, "met" if fair else "missed", f"{formatting.duration(spent)}; {times}")


def beyond_verdict(run: Run) -> GoalVerdict | None:
    """Whether a model solves more of the problems that its base does not solve than the base does, sampled again."""
    lines = run.lines.get("beyond", ())
    line = next((line for line in lines if line.get("level") == "all"), lines[0] if lines else {})
    unsolved, solved, control = (count(line.get(key)) for key in ("unsolved", "solved", "control"))
    p_value, samples, lost = number(line.get("p_value")), count(line.get("samples")), count(line.get("lost"))
    if unsolved is None or solved is None or control is None:
        return None
    detail = f"of {with_unit(unsolved, 'problem')} it solves {solved}, the base sampled again {control}"
    if p_value is not None:
        detail += f", p = {p_value:.3f}" if p_value >= 0.001 else ", p < 0.001"
    detail += f"; it loses {with_unit(lost, 'problem')} that the base solves" if lost else ""
    significant = p_value is not None and p_value < SIGNIFICANCE
    outcome: Outcome = "missed" if solved <= control else "met" if significant else "open"
    tries = with_unit(samples, "sample") if samples else "many samples"
    return GoalVerdict(f"solves problems that {tries} of the base do not, beyond chance", outcome, detail)
