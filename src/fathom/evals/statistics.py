"""Statistics of sampled completions: pass@k, majority voting, confidence intervals and paired tests. Needs no torch."""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from typing import TypeVar

from fathom.base.errors import ConfigError

Answer = TypeVar("Answer", bound=Hashable)


def mean(values: Sequence[float]) -> float:
    """The arithmetic mean of at least one value."""
    return sum(values) / len(values)


def sample_variance(values: Sequence[float]) -> float:
    """The unbiased variance; 0 for a single value."""
    center = mean(values)
    return sum((value - center) ** 2 for value in values) / max(1, len(values) - 1)


def standard_error(values: Sequence[float]) -> float:
    """The standard error of the mean; 0 for a single value."""
    return math.sqrt(sample_variance(values) / len(values))


def pass_at_k(samples: int, correct: int, k: int) -> float:
    """The probability that at least one of ``k`` samples is correct, from ``samples`` of which ``correct`` were.

    The unbiased estimate of Chen et al. 2021 (arXiv 2107.03374, equation 1), 1 - C(n-c, k) / C(n, k), in exact
    integers.
    """
    if not (1 <= k <= samples and 0 <= correct <= samples):
        raise ConfigError(
            f"pass@{k} of {samples} samples, {correct} of them right, is not defined", "draw at least k samples"
        )
    return 1.0 - math.comb(samples - correct, k) / math.comb(samples, k)


def majority(answers: Sequence[Answer | None]) -> Answer | None:
    """The most frequent answer; the first of several that are equally frequent. None is no answer and has no vote."""
    votes: dict[Answer, int] = {}
    for answer in answers:
        if answer is not None:
            votes[answer] = votes.get(answer, 0) + 1
    return max(votes, key=lambda answer: votes[answer]) if votes else None


def cons_at_k(answers: Sequence[Answer | None], expected: Answer, k: int) -> float:
    """R1's cons@k: whether the majority of ``k`` samples is right, averaged over the disjoint groups of k samples.

    Samples beyond the last whole group do not count.
    """
    if not 1 <= k <= len(answers):
        raise ConfigError(f"cons@{k} of {len(answers)} samples is not defined", "draw at least k samples")
    groups = [answers[start : start + k] for start in range(0, len(answers) - k + 1, k)]
    return sum(majority(group) == expected for group in groups) / len(groups)


def wilson_interval(successes: int, count: int, z: float = 1.96) -> tuple[float, float]:
    """The confidence interval of a share (Wilson 1927), 95 % at this ``z``; (0, 1) where ``count`` is 0."""
    if count == 0:
        return 0.0, 1.0
    share = successes / count
    center = share + z * z / (2 * count)
    half = z * math.sqrt(share * (1 - share) / count + z * z / (4 * count * count))
    scale = 1 + z * z / count
    return max(0.0, (center - half) / scale), min(1.0, (center + half) / scale)


def mcnemar_test(one: int, other: int) -> float:
    """The p-value of McNemar's exact two-sided test: ``one`` and ``other`` count the problems that only one of two
    models solved.
    """
    total = one + other
    tail = sum(math.comb(total, k) for k in range(min(one, other) + 1))
    return min(1.0, 2 * tail / 2**total)
