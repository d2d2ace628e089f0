"""The router of DeepSeekMoE: which experts a token goes to, and with what weight.

Softmax scores with greedy or device-limited selection (DeepSeek-V2, section 2.2), or sigmoid scores with a balancing
bias and node-limited groups (DeepSeek-V3, section 2.1.2). Always in float32, as the published models were trained:
near-ties between experts do not survive bfloat16.

    N tokens · E experts · K experts per token
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from fathom.model.config import MoEConfig


class Routing(NamedTuple):
    """The decision for N tokens. ``scores`` holds every expert's affinity, for balance losses and statistics."""

    experts: Tensor  # (N, K) int64, distinct
    weights: Tensor  # (N, K) float32
    scores: Tensor  # (N, E) float32


def route(logits: Tensor, config: MoEConfig, bias: Tensor | None = None, given: Tensor | None = None) -> Routing:
    """Choose among router logits (N, E), float32.

    ``bias`` (E,) moves the selection and never the weights (V3 eq. 16). ``given`` (N, K) int64 are experts that were
    chosen before; their weights alone are computed.
    """
    scores = logits.sigmoid() if config.scoring == "sigmoid" else logits.softmax(-1)  # V3 eq. 15, V2 eq. 22
    experts = _select_experts(scores if bias is None else scores + bias, config) if given is None else given
    weights = scores.gather(-1, experts)
    if config.normalize:  # V3 eq. 13
        weights = weights / (weights.sum(-1, keepdim=True) + 1e-20)
    return Routing(experts, weights * config.routed_scaling_factor, scores)


def _select_experts(choice: Tensor, config: MoEConfig) -> Tensor:
    """The best experts (N, K) by what selection goes by (N, E)."""
    if config.selection != "greedy" and config.num_groups > 1:
        choice = choice.masked_fill(~_group_mask(choice, config), float("-inf"))
    return choice.topk(config.experts_per_token, dim=-1).indices


def _group_mask(choice: Tensor, config: MoEConfig) -> Tensor:
    """Which experts (N, E) lie in the groups that stay: each token reaches few devices (V2, section 2.2.2) or nodes
    (V3, section 2.1.2).
    """
    groups = choice.unflatten(-1, (config.num_groups, -1))  # (N, groups, E/groups)
    best = 2 if config.selection == "noaux_tc" else 1
    strength = groups.topk(min(best, groups.shape[-1]), dim=-1).values.sum(-1)  # (N, groups)
    kept = torch.zeros_like(strength, dtype=torch.bool).scatter_(
        -1, strength.topk(config.topk_groups, dim=-1).indices, True
    )
    return kept[..., None].expand_as(groups).flatten(-2)


class Router(nn.Module):
    """x (N, D) → :class:`Routing`. A forward hook here sees every decision, for balancing and statistics.

    ``bias`` is no parameter: training moves it by the load, not by gradients (V3, section 2.1.2). It stays float32
    when the model is cast, because its steps of 0.001 would vanish in bfloat16. ``given`` experts are taken instead of
    chosen, while there are some (:mod:`fathom.model.replay`).
    """

    bias: Tensor | None
    given: Tensor | None = None

    def __init__(self, width: int, config: MoEConfig) -> None:
        super().__init__()
        self.config = config
        self.weight = nn.Parameter(torch.empty(config.num_experts, width))
        biased = config.selection == "noaux_tc"
        self.register_buffer("bias", torch.zeros(config.num_experts, dtype=torch.float32) if biased else None)

    def forward(self, x: Tensor) -> Routing:
        with torch.autocast(x.device.type, enabled=False):
            logits = F.linear(x.float(), self.weight.float())
        return route(logits, self.config, self.bias, self.given)

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> Router:
        before = self.bias
        super()._apply(fn, recurse)
        if before is not None and self.bias is not None and self.bias.dtype != torch.float32:
            self.bias = before.to(self.bias.device)
        return self
