"""Divergence of a student from its teacher, token by token, on the student's own samples.

The reverse divergence KL(student ‖ teacher) is small where the teacher finds likely what the student does: it seeks a
mode, where maximum likelihood on the teacher's texts would cover all of them (MiniLLM, arXiv 2306.08543; GKD, arXiv
2306.13649, eq. 2). The tokens are the student's own, so it is corrected where it errs. Nothing flows through the
sampling, as in GKD: each state counts as given.

Two ways to the same gradient. `reverse_kl` uses the whole distribution. `advantages` uses one token, for
which the policy gradient is an unbiased estimate of it: for every state E[(log π - log τ) ∇log π] = ∇KL(π ‖ τ), because
E[∇log π] = 0. It is the form for a teacher of which only sampled tokens' probabilities are known, and costs variance.

    M tokens of the student · V vocabulary · N completions · T places
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor


class Closeness(NamedTuple):
    """Sums over tokens, so that pieces of a batch add up."""

    tokens: float
    divergence: float
    sampled: float
    agreed: float
    entropy: float

    def merge(self, other: Closeness) -> Closeness:
        return Closeness(*(a + b for a, b in zip(self, other, strict=True)))

    def metrics(self) -> dict[str, float]:
        """Means a token, by the names under which runs log them. ``agreement``: how often both find the same token the
        likeliest. ``sampled_kl``: the estimate of ``reverse_kl`` from the sampled tokens alone.
        """
        count = max(self.tokens, 1.0)
        return {
            "reverse_kl": self.divergence / count,
            "sampled_kl": self.sampled / count,
            "agreement": self.agreed / count,
            "entropy": self.entropy / count,
        }


def reverse_kl(student: Tensor, teacher: Tensor) -> Tensor:
    """KL(student ‖ teacher) of each token (M), from log-probabilities (M, V); the gradient is the student's."""
    return (student.exp() * (student - teacher.detach())).sum(-1)


def advantages(student: Tensor, teacher: Tensor) -> Tensor:
    """log τ - log π of the sampled tokens, without gradient: how much more probable the teacher finds each."""
    return (teacher - student).detach()


@torch.no_grad()
def closeness(student: Tensor, teacher: Tensor, tokens: Tensor) -> Closeness:
    """Of log-probabilities (M, V) and the sampled ``tokens`` (M)."""
    picked = tokens[:, None]
    return Closeness(
        tokens=float(len(tokens)),
        divergence=float(reverse_kl(student, teacher).sum()),
        sampled=float((student.gather(1, picked) - teacher.gather(1, picked)).sum()),
        agreed=float((student.argmax(-1) == teacher.argmax(-1)).sum()),
        entropy=float(-(student.exp() * student).sum()),
    )
