"""What reinforcement learning changed and what it did not: base and pupil, figure by figure.

A figure *changed* where the difference exceeds what both may be off by together: twice their standard errors over
problems, and the sum of their spreads over seeds. Where nobody knows an error, it has to exceed one hundredth (of a
share) or a tenth (of a number).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

from fathom.report import formatting as spell
from fathom.report.measures import (
    GREEDY,
    Board,
    Estimate,
    Measure,
    Result,
    accuracies,
    manners,
    passes,
    traces,
)
from fathom.report.run import Run
from fathom.report.variants import Variant, origin

SMALL_SHARE, SMALL_PART = 0.01, 0.1


@dataclass(frozen=True, slots=True)
class Change:
    """One figure before and after."""

    measure: Measure
    before: Estimate
    after: Estimate

    @property
    def difference(self) -> float:
        return self.after.mean - self.before.mean

    @property
    def changed(self) -> bool:
        return abs(self.difference) > _noise(self.measure, self.before, self.after)


def base_of(board: Board, learned: Variant, runs: Sequence[Run]) -> Result | None:
    """The measurement of the model that this arm began with."""
    starts = {base.directory for run in learned.runs if (base := origin(run, runs)) is not None}
    for result in board.results:
        if any(one.of is not None and one.of.directory in starts for one in result.measured):
            return result
    return next((result for result in board.results if result.name == "base"), None)


def changes(board: Board, before: Result, after: Result) -> list[Change]:
    """Every figure that both have."""
    found = []
    for measure in (*accuracies(board), *passes(board), *manners(board), *traces(board)):
        old, new = before.estimate(measure), after.estimate(measure)
        if old is not None and new is not None:
            found.append(Change(measure, old, new))
    return found


def sentences(found: list[Change]) -> list[str]:
    """What the changes come to, in sentences."""
    by_path = {(change.measure.path, change.measure.temperature): change for change in found}
    main = max((t for _, t in by_path if t > GREEDY), default=GREEDY)
    main = 1.0 if any(t == 1.0 for _, t in by_path) else main

    def get(path: str) -> Change | None:
        return by_path.get((path, main))

    lines = [
        _length(get("length"), get("guesses"), get("truncated")),
        _claims(get("traces.claims"), get("traces.verified")),
    ]
    lines += [_skill(get("traces.first_right"), get("traces.leaf_right"), get("length")), _reach(found, main)]
    same = [change.measure.title for change in found if not change.changed]
    if same:
        lines.append(f"Not changed beyond what chance explains: {spell.join_words(same)}.")
    return [line for line in lines if line]


def _length(length: Change | None, guesses: Change | None, cut: Change | None) -> str:
    if length is None:
        return ""
    factor = length.after.mean / length.before.mean if length.before.mean else 0.0
    ends = f"from {length.before.mean:.1f} to {length.after.mean:.1f} tokens"
    if not length.changed:
        line = f"Answers are as long as before ({ends})"
    elif factor > 1:
        line = f"It thinks longer: answers went {ends}, {factor:.1f} times as long"
    else:
        line = f"It writes less: answers went {ends}"
    if guesses is not None and guesses.changed:
        less = guesses.difference < 0
        line += f", and guesses {'fell' if less else 'rose'} {_from_to(guesses)}"
        if not less:
            line += ", which says that guessing pays"
    if cut is not None and cut.changed and cut.difference > 0:
        line += f"; {spell.percent(cut.after.mean)} are now cut off at the limit"
    return line + "."


def _claims(claims: Change | None, verified: Change | None) -> str:
    if claims is None:
        return ""
    verb = (
        "claims a hit as often as before"
        if not claims.changed
        else _verb(claims, "claims a hit more often", "claims a hit less often")
    )
    line = f"It {verb} ({_from_to(claims)} of the answers)"
    if verified is not None:
        holds = (
            "as many of the claims hold"
            if not verified.changed
            else _verb(verified, "more of the claims hold", "fewer of the claims hold")
        )
        line += f"; {holds} ({_from_to(verified)})"
    return line + "."


def _skill(first: Change | None, leaf: Change | None, length: Change | None) -> str:
    known = [change for change in (first, leaf) if change is not None]
    if not known:
        return ""
    ends = spell.join_words([f"{change.measure.title} {_from_to(change)}" for change in known])
    better = [change for change in known if change.changed and change.difference > 0]
    worse = [change for change in known if change.changed and change.difference < 0]
    if better and not worse:
        return f"Its arithmetic improved ({ends}): a gain in skill, not in patience alone."
    if worse and not better:
        return f"Its arithmetic got worse ({ends}): what it gained came from elsewhere."
    if better:
        return f"Its arithmetic improved in part and got worse in part ({ends})."
    longer = length is not None and length.changed and length.difference > 0
    became = "it became more patient, not more skilled" if longer else "it became no more skilled"
    return f"Its arithmetic is what it was ({ends}): {became}."


def _reach(found: list[Change], main: float) -> str:
    ranked = [c for c in found if c.measure.path.startswith("pass@") and c.measure.temperature == main]
    if not ranked:
        return ""
    last = max(ranked, key=lambda change: int(change.measure.path[5:]))
    k = int(last.measure.path[5:])
    if k == 1:
        return ""
    ends = _from_to(last)
    if last.changed and last.difference > 0:
        return f"It solves what the base did not solve in {k} tries: pass@{k} went {ends}."
    if last.changed:
        return f"It gave up some of its reach: pass@{k} fell {ends}; what the base solves in {k} tries is lost in part."
    return f"What it can solve at all, it could before: pass@{k} went {ends}.{_worth(ranked)}"


def _worth(ranked: list[Change]) -> str:
    """How many answers of the base are worth one of its pupil."""
    one = next((change for change in ranked if change.measure.path == "pass@1"), None)
    if one is None or one.difference <= 0:
        return ""
    enough = [int(c.measure.path[5:]) for c in ranked if c.before.mean >= one.after.mean]
    if not enough:
        return ""
    return f" One answer of it is worth about {min(enough)} of the base, of which the best counts."


def _from_to(change: Change) -> str:
    if change.measure.unit == "number":
        return f"from {change.before.mean:.1f} to {change.after.mean:.1f}"
    return f"from {spell.share(change.before.mean)} to {spell.percent(change.after.mean)}"


def _verb(change: Change, more: str, less: str) -> str:
    return more if change.difference > 0 else less


def _noise(measure: Measure, before: Estimate, after: Estimate) -> float:
    """What a difference has to exceed."""
    spread = sum(one.plus_minus or 0.0 for one in (before, after) if one.over_runs)
    errors = [one.error for one in (before, after) if one.error is not None]
    if len(errors) == 2:
        return max(spread, 2 * sqrt(errors[0] ** 2 + errors[1] ** 2))
    return max(spread, SMALL_SHARE if measure.unit == "share" else SMALL_PART * abs(before.mean))
