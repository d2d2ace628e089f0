"""From rewards to advantages: how much better a completion was than what could be expected.

There is no value function. The baseline is what other completions of the same prompt earned, or, without groups, what
the whole batch earned. Each estimator is a pure function of a table of rewards; none of them sees a model.

    P prompts · G completions of each
"""

from __future__ import annotations

from typing import Literal

from torch import Tensor

from fathom.base.errors import ConfigError

Estimator = Literal["grpo", "dr_grpo", "rloo", "batch"]

EPSILON = 1e-4
"""Beside the deviation in `grpo`: rewards of 0 and 1 deviate by at least 0.1 unless they are all the same."""


def advantages(rewards: Tensor, estimator: Estimator) -> Tensor:
    """Rewards (P, G) → advantages (P, G). Raises ConfigError where the estimator needs more than one completion."""
    if estimator == "batch":
        return batch(rewards)
    if rewards.shape[1] < 2:
        raise ConfigError(f"{estimator} compares completions of one prompt, and there is one", "sample at least 2")
    return {"grpo": grpo, "dr_grpo": dr_grpo, "rloo": rloo}[estimator](rewards)


def dr_grpo(rewards: Tensor) -> Tensor:
    """r - mean of the group (arXiv 2503.20783, section 3.2): prompts weigh by how undecided they are."""
    return rewards - rewards.mean(1, keepdim=True)


def grpo(rewards: Tensor) -> Tensor:
    """(r - mean) / std of the group (DeepSeekMath, section 4.1.2); the deviation divides by G - 1, as trl's does.

    Nearly solved and nearly hopeless prompts count as much as even ones, which `dr_grpo` calls a bias.
    """
    return dr_grpo(rewards) / (rewards.std(1, keepdim=True) + EPSILON)


def rloo(rewards: Tensor) -> Tensor:
    """r - mean of the *others* (arXiv 2402.14740, eq. 8): an unbiased baseline, equal to `dr_grpo` · G / (G - 1)."""
    count = rewards.shape[1]
    return dr_grpo(rewards) * (count / (count - 1))


def batch(rewards: Tensor) -> Tensor:
    """r - mean of all: REINFORCE with a baseline, for one completion a prompt."""
    return rewards - rewards.mean()


def zero_variance(rewards: Tensor) -> Tensor:
    """(P) bool: all rewards in the group are equal, so every advantage is 0 (DAPO, arXiv 2503.14476, section 3.2)."""
    return rewards.amax(1) == rewards.amin(1)
