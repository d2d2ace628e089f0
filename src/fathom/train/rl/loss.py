"""The losses of policy optimization, from GRPO to CISPO, as one pure function with four choices.

What differs between the published forms is small, so it is named rather than copied:

    ratio           token: ρ = π/π_old of each token (GRPO); sequence: its geometric mean over the completion (GSPO)
    objective       clip: min(ρA, clip(ρ)A) (PPO); cispo: sg(min(ρ, 1+ε))·A·log π, which silences no token
    normalization   sequence: mean over its own tokens, then over completions (DeepSeekMath); token: mean over all
                    tokens (DAPO); constant: sum over N · the length limit (Dr. GRPO)
    kl_coefficient  0, or the weight of k3 = π_ref/π - log(π_ref/π) - 1 (DeepSeekMath, eq. 4)

A batch may be computed in pieces: `divisor` of the whole batch goes into each piece, and their losses add up to the
loss of the whole. Sampled tokens only: log-probabilities are (N, T), not (N, T, V).

    N completions · T tokens, padded
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import torch
from pydantic import Field, NonNegativeFloat, PositiveInt
from torch import Tensor

from fathom.base.config import Part

Normalization = Literal["sequence", "token", "constant"]
Form = Literal["grpo", "r1", "dapo", "dr_grpo", "gspo", "cispo"]


class PolicyLossConfig(Part):
    """Which loss. ``length_limit`` is the divisor's length under ``constant`` normalization."""

    ratio: Literal["token", "sequence"] = "token"
    objective: Literal["clip", "cispo"] = "clip"
    normalization: Normalization = "token"
    clip_low: NonNegativeFloat = Field(default=0.2, le=1)
    clip_high: NonNegativeFloat = 0.28
    kl_coefficient: NonNegativeFloat = 0.0
    length_limit: PositiveInt = 1024


FORMS: dict[Form, PolicyLossConfig] = {
    # DeepSeekMath, section 4.2 (the clip is PPO's); R1, section 2.2 keeps all but the weight of the KL term
    "grpo": PolicyLossConfig(normalization="sequence", clip_high=0.2, kl_coefficient=0.04),
    "r1": PolicyLossConfig(normalization="sequence", clip_high=0.2, kl_coefficient=0.001),
    "dapo": PolicyLossConfig(),  # arXiv 2503.14476, section 3: clip-higher, token-level, no KL
    "dr_grpo": PolicyLossConfig(normalization="constant", clip_high=0.2),  # arXiv 2503.20783, section 3.2
    "gspo": PolicyLossConfig(
        ratio="sequence", normalization="sequence", clip_low=3e-4, clip_high=4e-4
    ),  # 2507.18071, 5.1
    "cispo": PolicyLossConfig(
        objective="cispo", clip_high=4.0
    ),  # arXiv 2506.13585, section 3.1: only the upper bound acts
}
"""The forms as their papers define them, each with its paper's numbers."""


class Diagnostics(NamedTuple):
    """Sums over tokens, so that pieces of a batch add up."""

    tokens: float
    ratio_sum: float
    ratio_min: float
    ratio_max: float
    clipped: float
    kl_sum: float
    reference_kl_sum: float
    entropy_sum: float

    def merge(self, other: Diagnostics) -> Diagnostics:
        sums = Diagnostics(*(a + b for a, b in zip(self, other, strict=True)))
        return sums._replace(
            ratio_min=min(self.ratio_min, other.ratio_min), ratio_max=max(self.ratio_max, other.ratio_max)
        )

    def metrics(self) -> dict[str, float]:
        """Means a token, by the names under which runs log them. ``kl`` is between the policies before and after."""
        count = max(self.tokens, 1.0)
        return {
            "ratio_mean": self.ratio_sum / count,
            "ratio_min": self.ratio_min,
            "ratio_max": self.ratio_max,
            "clip_fraction": self.clipped / count,
            "kl": self.kl_sum / count,
            "reference_kl": self.reference_kl_sum / count,
            "entropy": self.entropy_sum / count,
        }


class PolicyLoss(NamedTuple):
    """``value`` is what to minimize, a scalar with its gradient."""

    value: Tensor
    diagnostics: Diagnostics


def k3(logprobs: Tensor, reference: Tensor) -> Tensor:
    """π_ref/π - log(π_ref/π) - 1 of each token: never negative, and an unbiased estimate of KL(π ‖ π_ref)."""
    difference = reference - logprobs
    return difference.exp() - difference - 1


def divisor(completions: int, tokens: float, config: PolicyLossConfig) -> float:
    """What the summed loss of a whole batch is divided by. ``completions`` include masked ones, ``tokens`` do not."""
    match config.normalization:
        case "sequence":
            return float(completions)
        case "token":
            return max(float(tokens), 1.0)
        case "constant":
            return float(completions * config.length_limit)


def policy_loss(
    logprobs: Tensor,  # (N, T) of the policy that learns, with gradient
    old_logprobs: Tensor,  # (N, T) of the policy that sampled
    advantages: Tensor,  # (N) or (N, T)
    mask: Tensor,  # (N, T) true where the policy chose the token and is to learn from it
    reference: Tensor | None = None,  # (N, T) of the frozen reference; None: no KL term
    *,
    config: PolicyLossConfig,
    total: float | None = None,
    entropies: Tensor | None = None,
) -> PolicyLoss:
    """The loss of a batch, or of a piece of one whose whole has the `divisor` ``total``.

    Values where the mask is false do not matter, NaN included. ``entropies`` (N, T) are exact ones of the policy;
    without them the diagnostics take -log π of the sampled tokens, whose mean is the entropy as long as the ratio is 1.
    """
    keep = mask.bool()
    logprobs, old = logprobs.masked_fill(~keep, 0), old_logprobs.masked_fill(~keep, 0)
    weight = keep.to(logprobs.dtype)
    lengths = weight.sum(1, keepdim=True).clamp(min=1)  # (N, 1)
    advantages = advantages[:, None] if advantages.dim() == 1 else advantages
    log_ratio = logprobs - old
    if config.ratio == "sequence":  # GSPO eq. 7
        log_ratio = (log_ratio.sum(1, keepdim=True) / lengths).expand_as(weight)
    ratio = log_ratio.exp()
    objective = _objective(ratio, logprobs, advantages, config)
    if reference is not None:
        reference = reference.masked_fill(~keep, 0)
        objective = objective - config.kl_coefficient * k3(logprobs, reference)
    if config.normalization == "sequence":  # DeepSeekMath eq. 3: each completion by its own length
        objective = objective / lengths
    value = -(objective * weight).sum() / (_divisor_of(mask, config) if total is None else total)
    with torch.no_grad():
        diagnostics = _diagnose(ratio, logprobs, old, advantages, keep, reference, entropies, config)
    return PolicyLoss(value, diagnostics)


def _divisor_of(mask: Tensor, config: PolicyLossConfig) -> float:
    return divisor(mask.shape[0], float(mask.sum()), config)


def _objective(ratio: Tensor, logprobs: Tensor, advantages: Tensor, config: PolicyLossConfig) -> Tensor:
    """(N, T), to maximize."""
    if config.objective == "cispo":  # arXiv 2506.13585 eq. 4-5
        return ratio.detach().clamp(max=1 + config.clip_high) * advantages * logprobs
    bounded = ratio.clamp(1 - config.clip_low, 1 + config.clip_high)
    return torch.minimum(ratio * advantages, bounded * advantages)


def _diagnose(
    ratio: Tensor,
    logprobs: Tensor,
    old: Tensor,
    advantages: Tensor,
    keep: Tensor,
    reference: Tensor | None,
    entropies: Tensor | None,
    config: PolicyLossConfig,
) -> Diagnostics:
    count = float(keep.sum())
    if not count:
        return Diagnostics(0, 0, 1, 1, 0, 0, 0, 0)
    clipped = above = ratio > 1 + config.clip_high
    if config.objective == "clip":  # clipped is what no longer has a gradient: the pessimistic side of the minimum
        clipped = (above & (advantages > 0)) | ((ratio < 1 - config.clip_low) & (advantages < 0))
    kept = ratio[keep]
    return Diagnostics(
        tokens=count,
        ratio_sum=float(kept.double().sum()),
        ratio_min=float(kept.min()),
        ratio_max=float(kept.max()),
        clipped=float((clipped & keep).sum()),
        kl_sum=float(k3(old, logprobs)[keep].sum()),
        reference_kl_sum=0.0 if reference is None else float(k3(logprobs, reference)[keep].sum()),
        entropy_sum=float((-logprobs if entropies is None else entropies)[keep].sum()),
    )
