"""What a report on R1-Zero owes its reader: each aim with *met*, or by how much it was missed, from the numbers.

An arm is above another where the difference of the means exceeds the sum of both spreads over seeds. With one run of
an arm nobody knows its spread: the verdict stays open, however large the difference.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from itertools import takewhile
from pathlib import Path

from fathom.report import formatting as spell
from fathom.report.measures import GREEDY, Board, Estimate, Measure, Result
from fathom.report.readiness import Outcome, ReadinessVerdict
from fathom.report.run import Run
from fathom.report.values import count, number
from fathom.report.variants import Variant, lineage, origin

SEEDS, BASES = 3, 2
"""Runs of reinforcement learning, and bases they begin with, from which a result is more than a stroke of luck."""

SAME_TIME = 0.1
"""A control may have had this share less of machine time."""

CHANCE = 0.05
"""A difference that chance makes less often than this is no luck."""

_WORST: tuple[Outcome, ...] = ("missed", "open", "met")


def aims(board: Board, learned: Variant, runs: Sequence[Run], goal: float) -> list[ReadinessVerdict]:
    """The aims for one arm of reinforcement learning against everybody else on the board."""
    mine = board.result(learned)
    if mine is None:
        return []
    controls = [result for result in board.results if result is not mine and not _is_rl(result)]
    return [
        *_goal_verdicts(board, mine, goal),
        *_greedy(mine, controls),
        *_above(board, mine, controls),
        *_time(mine, controls, runs),
        _seeds_verdict(mine),
    ]


def _goal_verdicts(board: Board, mine: Result, goal: float) -> Iterator[ReadinessVerdict]:
    for temperature in board.temperatures:
        if temperature > GREEDY and (found := mine.estimate(Measure("", "pass@1", temperature))) is not None:
            off = found.mean - goal
            told = with_error(found) + ("" if off >= 0 else f", {spell.share(-off)} points short")
            aim = f"sampled pass@1 at least {spell.percent(goal, 0)} at T = {temperature:g}"
            yield ReadinessVerdict(aim, "met" if off >= 0 else "missed", told)


def _greedy(mine: Result, controls: Sequence[Result]) -> Iterator[ReadinessVerdict]:
    measure = Measure("", "pass@1", GREEDY)
    found = mine.estimate(measure)
    others = _estimates(controls, measure)
    if found is None or not others:
        return
    name, best = max(others, key=lambda other: other[1].mean)
    off = found.mean - best.mean
    told = f"{with_error(found)}, the best control ({name}) {with_error(best)}: {spell.points(off)} points"
    yield ReadinessVerdict("greedy at least equal to every control", "met" if off >= 0 else "missed", told)


def _above(board: Board, mine: Result, controls: Sequence[Result]) -> Iterator[ReadinessVerdict]:
    for temperature in board.temperatures:
        measure = Measure("", "pass@1", temperature)
        found = mine.estimate(measure)
        others = _estimates(controls, measure)
        if temperature <= GREEDY or found is None or not others:
            continue
        held = [(name, *beyond_spread(found, other)) for name, other in others]
        worst = min((outcome for _, outcome, _ in held), key=_WORST.index)
        told = "points above " + "; ".join(f"{name} {said}" for name, _, said in held)
        if worst == "open":
            told += "; a single seed has no spread to compare with"
        aim = f"sampled at T = {temperature:g} above every control by more than the spread of seeds"
        yield ReadinessVerdict(aim, worst, told)


def beyond_spread(mine: Estimate, other: Estimate) -> tuple[Outcome, str]:
    """Whether one is above the other by more than both spreads together, and the difference in points."""
    off = mine.mean - other.mean
    told = spell.points(off)
    if mine.over_runs and other.over_runs:
        spread = (mine.plus_minus or 0.0) + (other.plus_minus or 0.0)
        return ("met" if off > spread else "missed"), f"{told} (spread {spell.share(spread)})"
    return ("missed" if off <= 0 else "open"), told


def _time(mine: Result, controls: Sequence[Result], runs: Sequence[Run]) -> Iterator[ReadinessVerdict]:
    """Whether the controls had as long as reinforcement learning had, from the same bases."""
    bases = {base.directory for one in mine.measured if one.of and (base := origin(one.of, runs)) is not None}
    spent = _seconds(mine, bases, runs)
    times = []
    for control in controls:
        if all(one.of is not None and one.of.directory not in bases for one in control.measured):
            theirs = _seconds(control, bases, runs)
            if theirs:
                times.append((control.name, theirs))
    if spent and times:
        fair = all(theirs >= (1 - SAME_TIME) * spent for _, theirs in times)
        told = f"{spell.duration(spent)}; " + ", ".join(f"{name} {spell.duration(theirs)}" for name, theirs in times)
        yield ReadinessVerdict(
            "every control as long at work as reinforcement learning", "met" if fair else "missed", told
        )


def _seeds_verdict(mine: Result) -> ReadinessVerdict:
    seeds = len(mine.measured)
    bases = len({one.of.start for one in mine.measured if one.of is not None and one.of.start})
    met = seeds >= SEEDS and bases >= BASES
    told = f"{spell.with_unit(seeds, 'run')} from {spell.with_unit(bases, 'base')}"
    return ReadinessVerdict(f"at least {SEEDS} seeds over {BASES} bases", "met" if met else "missed", told)


def beyond(run: Run) -> ReadinessVerdict | None:
    """Whether a model solves what its base did not solve in many samples, more often than the base's luck would."""
    lines = run.lines.get("beyond", ())
    line = next((line for line in lines if line.get("level") == "all"), lines[0] if lines else {})
    unsolved, solved, control = (count(line.get(key)) for key in ("unsolved", "solved", "control"))
    chance, samples = number(line.get("p_value")), count(line.get("samples"))
    if unsolved is None or solved is None or control is None:
        return None
    told = f"of {spell.with_unit(unsolved, 'problem')} it solves {solved}, the base asked again {control}"
    if chance is not None:
        told += f", p = {chance:.3f}" if chance >= CHANCE / 50 else f", p < {CHANCE / 50:g}"
    if lost := count(line.get("lost")):
        told += f"; it loses {spell.with_unit(lost, 'problem')} that the base solves"
    more = solved > control
    outcome: Outcome = "missed" if not more else "met" if chance is not None and chance < CHANCE else "open"
    tries = spell.with_unit(samples, "sample") if samples else "many samples"
    return ReadinessVerdict(f"solves problems that {tries} of the base do not, beyond luck", outcome, told)


def with_error(found: Estimate) -> str:
    """``82.3 ± 1.2 %``."""
    off = found.plus_minus
    return f"{spell.share(found.mean)}{f'{spell.PLUS_MINUS}{spell.share(off)}' if off is not None else ''}{spell.GAP}%"


def _estimates(results: Sequence[Result], measure: Measure) -> list[tuple[str, Estimate]]:
    return [(result.name, found) for result in results if (found := result.estimate(measure)) is not None]


def _is_rl(result: Result) -> bool:
    return result.arm is not None and result.arm.stage == "rl"


def _seconds(result: Result, bases: Set[Path], runs: Sequence[Run]) -> float | None:
    """Machine time from the base to the measured model, through all rounds between, on the average."""
    spent = [found for one in result.measured if one.of is not None and (found := _road(one.of, bases, runs))]
    return sum(spent) / len(spent) if spent else None


def _road(run: Run, bases: Set[Path], runs: Sequence[Run]) -> float:
    own = takewhile(lambda one: one.directory not in bases, lineage(run, runs))
    return sum(one.seconds or 0.0 for one in own)
