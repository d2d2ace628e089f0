"""What many samples of one problem say: pass@k, and the majority's answer."""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from typing import TypeVar

from fathom.base.errors import ConfigError

Answer = TypeVar("Answer", bound=Hashable)


def pass_at_k(samples: int, correct: int, k: int) -> float:
    """The chance that at least one of ``k`` samples is right, from ``samples`` of which ``correct`` were.

    The unbiased estimate of Chen et al. 2021 (arXiv 2107.03374, equation 1), 1 - C(n-c, k) / C(n, k), in exact
    integers.
    """
    if not (1 <= k <= samples and 0 <= correct <= samples):
        raise ConfigError(
            f"pass@{k} of {samples} samples, {correct} of them right, is not defined", "draw at least k samples"
        )
    return 1.0 - math.comb(samples - correct, k) / math.comb(samples, k)


def majority(answers: Sequence[Answer | None]) -> Answer | None:
    """The answer given most often; of several the one that came first. None stands for no answer, and has no vote."""
    votes: dict[Answer, int] = {}
    for answer in answers:
        if answer is not None:
            votes[answer] = votes.get(answer, 0) + 1
    return max(votes, key=lambda answer: votes[answer]) if votes else None


def cons_at_k(answers: Sequence[Answer | None], expected: Answer, k: int) -> float:
    """R1's cons@k: whether the majority of ``k`` samples is right, averaged over the disjoint groups of k that there
    are.

    Samples beyond the last whole group do not count.
    """
    if not 1 <= k <= len(answers):
        raise ConfigError(f"cons@{k} of {len(answers)} samples is not defined", "draw at least k samples")
    groups = [answers[start : start + k] for start in range(0, len(answers) - k + 1, k)]
    return sum(majority(group) == expected for group in groups) / len(groups)
