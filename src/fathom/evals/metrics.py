"""Metrics of groups of graded completions: pass@k with its standard error, format, length, share of guesses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from fathom.evals.grading import GradedCompletion, Group
from fathom.evals.statistics import mean, pass_at_k, standard_error
from fathom.tasks.rewards import Reward
from fathom.tasks.task import LEVEL

KS = (1, 2, 4, 8, 16, 32, 64)


@dataclass(frozen=True, slots=True)
class Evaluation:
    """``pass_at[k]``: the probability that one of k completions is correct. ``error``: the standard error of
    ``pass_at[1]`` over problems. ``guesses``: the share of completions that answer without thinking; truncated ones do
    not count as guesses. ``thought_right`` and ``guess_right``: the share that is correct of those that think before
    they answer, and of those that do not; None where there are none. ``pass_at`` grades strictly; ``lenient`` is the
    share that is correct by the lenient reading. ``reward`` is the mean reward.
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
        passes = {f"pass@{k}": value for k, value in self.pass_at.items()}
        return passes | {name: getattr(self, name) for name in self.__slots__ if name != "pass_at"}


def evaluate(groups: Sequence[Group]) -> Evaluation:
    """Evaluate at least one group; all have the same number of members."""
    samples = len(groups[0].members)
    members = [member for group in groups for member in group.members]
    thinking = [member for member in members if member.has_thinking]
    guesses = [member for member in members if not member.has_thinking and not member.rollout.truncated]
    return Evaluation(
        problems=len(groups),
        samples=samples,
        pass_at={k: mean([pass_at_k(samples, group.correct, k) for group in groups]) for k in KS if k <= samples},
        error=standard_error([group.correct / samples for group in groups]),
        reward=mean([member.reward for member in members]),
        well_formed=mean([member.verdict.well_formed for member in members]),
        truncated=mean([member.rollout.truncated for member in members]),
        length=mean([member.length for member in members]),
        guesses=len(guesses) / len(members),
        thought_right=_correct_share(thinking),
        guess_right=_correct_share(guesses),
        lenient=mean([member.lenient for member in members]),
    )


def evaluate_levels(groups: Sequence[Group]) -> dict[str, Evaluation]:
    """An evaluation of each difficulty level, in order of appearance; empty where problems have no level."""
    by_level: dict[str, list[Group]] = {}
    for group in groups:
        if LEVEL in group.item.metadata:
            by_level.setdefault(group.item.metadata[LEVEL], []).append(group)
    return {level: evaluate(members) for level, members in by_level.items()}


def metrics(groups: Sequence[Group]) -> dict[str, Any]:
    """What runs log of these groups: all of them together, and each level under ``levels``."""
    levels = {level: evaluation.metrics() for level, evaluation in evaluate_levels(groups).items()}
    return evaluate(groups).metrics() | ({"levels": levels} if levels else {})


def mean_reward_parts(rewards: Sequence[Reward]) -> dict[str, float]:
    """The mean of each part of the reward that is not 0 in all of ``rewards``."""
    names = dict.fromkeys(name for reward in rewards for name in reward.parts)
    columns = {name: [reward.parts.get(name, 0.0) for reward in rewards] for name in names}
    return {name: mean(values) for name, values in columns.items() if any(values)}


def summary(evaluation: Evaluation) -> str:
    """An evaluation in one line."""
    k = max(evaluation.pass_at)
    best = f", pass@{k} {evaluation.pass_at[k]:.1%}" if k > 1 else ""
    return (
        f"pass@1 {evaluation.pass_at[1]:.1%} ± {evaluation.error:.1%}{best}, lenient {evaluation.lenient:.1%}, "
        f"length {evaluation.length:.1f}, truncated {evaluation.truncated:.0%}"
    )


def _correct_share(members: Sequence[GradedCompletion]) -> float | None:
    return mean([member.verdict.correct for member in members]) if members else None
