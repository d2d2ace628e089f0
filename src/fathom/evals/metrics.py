"""What groups of graded completions say about a model: pass@k with its error, length, and how it got there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import comb, sqrt
from typing import Any

from fathom.evals.grading import GradedCompletion, Group
from fathom.tasks.rewards import Reward
from fathom.tasks.task import LEVEL

KS = (1, 2, 4, 8, 16, 32, 64)


@dataclass(frozen=True, slots=True)
class Evaluation:
    """``pass_at[k]``: the chance that one of k completions is right. ``error`` is the standard error of ``pass_at[1]``
    over problems. ``thought_right`` and ``guess_right``: the share that is right of those that think before they
    answer, and of those that do not; None where there are none. ``pass_at`` grades strictly, ``lenient`` is the share
    that is right by the generous reading. ``reward`` is what was earned. Who was cut off has guessed nothing.
    """

    problems: int
    samples: int
    pass_at: dict[int, float]
    error: float
    reward: float
    well_formed: float
    truncated: float
    length: float
    guesses: float
    thought_right: float | None
    guess_right: float | None
    lenient: float = 0.0

    def metrics(self) -> dict[str, Any]:
        """By the names under which runs log them."""
        shown = {f"pass@{k}": value for k, value in self.pass_at.items()}
        rest = {name: getattr(self, name) for name in self.__slots__ if name != "pass_at"}
        return shown | rest


def evaluate(groups: Sequence[Group]) -> Evaluation:
    """Of at least one group; all have the same number of members."""
    samples = len(groups[0].members)
    members = [member for group in groups for member in group.members]
    thought = [member for member in members if member.thought]
    guessed = [member for member in members if not member.thought and not member.rollout.truncated]
    shares = [group.right / samples for group in groups]
    return Evaluation(
        problems=len(groups),
        samples=samples,
        pass_at={k: _mean([pass_at(k, samples, group.right) for group in groups]) for k in KS if k <= samples},
        error=sqrt(_variance(shares) / len(groups)),
        reward=_mean([member.reward for member in members]),
        well_formed=_mean([member.verdict.well_formed for member in members]),
        truncated=_mean([member.rollout.truncated for member in members]),
        length=_mean([member.length for member in members]),
        guesses=len(guessed) / len(members),
        thought_right=_right(thought),
        guess_right=_right(guessed),
        lenient=_mean([member.lenient for member in members]),
    )


def parts(earned: Sequence[Reward]) -> dict[str, float]:
    """The mean of every part that anybody was paid for, or that cost somebody something."""
    means = {name: _mean([getattr(one, name) for one in earned]) for name in Reward.__slots__}
    return {name: mean for name, mean in means.items() if any(getattr(one, name) for one in earned)}


def apart(groups: Sequence[Group]) -> dict[str, Evaluation]:
    """An evaluation of each level, in the order in which they come; nothing, where problems have no level."""
    found: dict[str, list[Group]] = {}
    for group in groups:
        if LEVEL in group.item.metadata:
            found.setdefault(group.item.metadata[LEVEL], []).append(group)
    return {name: evaluate(part) for name, part in found.items()}


def metrics(groups: Sequence[Group]) -> dict[str, Any]:
    """What runs log of these groups: all together, and each level under ``levels``."""
    levels = {name: found.metrics() for name, found in apart(groups).items()}
    return evaluate(groups).metrics() | ({"levels": levels} if levels else {})


def summary(found: Evaluation) -> str:
    """One line for people."""
    k = max(found.pass_at)
    more = f", pass@{k} {found.pass_at[k]:.1%}" if k > 1 else ""
    return (
        f"pass@1 {found.pass_at[1]:.1%} ± {found.error:.1%}{more}, lenient {found.lenient:.1%}, "
        f"length {found.length:.1f}, cut off {found.truncated:.0%}"
    )


def pass_at(k: int, samples: int, right: int) -> float:
    """1 - C(n - c, k) / C(n, k): unbiased for c right of n samples (Chen et al., arXiv 2107.03374, eq. 1)."""
    return 1.0 - comb(samples - right, k) / comb(samples, k)


def _right(members: Sequence[GradedCompletion]) -> float | None:
    return _mean([member.verdict.correct for member in members]) if members else None


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def _variance(values: Sequence[float]) -> float:
    """Unbiased; 0 for a single value."""
    mean = _mean(values)
    return sum((value - mean) ** 2 for value in values) / max(1, len(values) - 1)
