"""A completion with its verdict and reward, and all completions of one problem."""

from __future__ import annotations

from dataclasses import dataclass

from fathom.evals.rollout import Rollout
from fathom.tasks.rewards import Reward, thinking
from fathom.tasks.task import Item, Verdict


@dataclass(frozen=True, slots=True)
class GradedCompletion:
    """A completion with its text, the verifier's verdict and the reward it earned. ``lenient``: whether it is correct
    by the lenient reading, which accepts an answer anywhere in the text.
    """

    rollout: Rollout
    text: str
    verdict: Verdict
    lenient: bool
    earned: Reward

    @property
    def length(self) -> int:
        return len(self.rollout.completion_ids)

    @property
    def reward(self) -> float:
        return self.earned.total

    @property
    def has_thinking(self) -> bool:
        """Whether there is text before the end of the thinking; an answer without it is a guess."""
        return bool(thinking(self.text))


@dataclass(frozen=True, slots=True)
class Group:
    """All completions of one problem."""

    item: Item
    members: tuple[GradedCompletion, ...]

    @property
    def correct(self) -> int:
        """The number of correct completions."""
        return sum(member.verdict.correct for member in self.members)
