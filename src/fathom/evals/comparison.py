"""Comparison of a trained model with its base, on the problems that the base did not solve.

A model that answers one time in a hundred what it will later answer always has become more persistent, not more
capable: its pass@64 was there before. So the comparison counts, among held-out problems that the base does not solve in
n samples, how many the trained model solves. Zero of n may be chance: a problem that is right one time in a hundred is
missed in every second series of 64. Hence the control: the base samples the same problems again, n fresh samples each.
What the model solves beyond that is new. (Yue et al., arXiv 2504.13837, compare pass@k curves; they find narrowing
where the base has seen such problems solved, which is why lost problems are counted as well.)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from fathom.evals.statistics import mcnemar_test, wilson_interval


@dataclass(frozen=True, slots=True)
class Trial:
    """Correct completions of one problem, of equally many samples each: ``first`` of the base, ``again`` of the base
    with fresh samples (None: it was not sampled again), ``model`` of the trained model.
    """

    first: int
    model: int
    again: int | None = None


@dataclass(frozen=True, slots=True)
class BaseComparison:
    """``unsolved``: problems of which the base solved none in ``samples``. Of these the model solved ``solved``, and
    the base, sampled again, ``control``; ``only_model`` and ``only_control`` were solved by one of them alone.
    ``pass_1`` and ``control_1`` are shares of correct samples there. ``lost``: problems that the base solved and the
    model does not.
    """

    problems: int
    samples: int
    unsolved: int
    solved: int
    control: int
    only_model: int
    only_control: int
    pass_1: float
    control_1: float
    lost: int

    def metrics(self) -> dict[str, Any]:
        """By the names under which runs log them, with 95 % intervals of both shares and McNemar's p-value."""
        return {name: getattr(self, name) for name in self.__slots__} | {
            "share": self.solved / self.unsolved if self.unsolved else None,
            "interval": wilson_interval(self.solved, self.unsolved),
            "control_share": self.control / self.unsolved if self.unsolved else None,
            "control_interval": wilson_interval(self.control, self.unsolved),
            "p_value": mcnemar_test(self.only_model, self.only_control),
        }


def compare_with_base(trials: Sequence[Trial], samples: int) -> BaseComparison:
    """Count ``trials`` of ``samples`` completions each."""
    hard = [trial for trial in trials if trial.first == 0]
    again = [trial.again or 0 for trial in hard]
    total = max(1, len(hard) * samples)
    return BaseComparison(
        problems=len(trials),
        samples=samples,
        unsolved=len(hard),
        solved=sum(trial.model > 0 for trial in hard),
        control=sum(correct > 0 for correct in again),
        only_model=sum(trial.model > 0 and not trial.again for trial in hard),
        only_control=sum(correct > 0 and not trial.model for trial, correct in zip(hard, again, strict=True)),
        pass_1=sum(trial.model for trial in hard) / total,
        control_1=sum(again) / total,
        lost=sum(trial.first > 0 and trial.model == 0 for trial in trials),
    )
