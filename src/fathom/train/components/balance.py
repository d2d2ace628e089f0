"""Expert load balancing by routers' biases, without an auxiliary loss (DeepSeek-V3, section 2.1.2).

Each router's bias moves by ±γ after an update: up where an expert had less than its share of tokens, down where it had
more (auxiliary-loss-free balancing, arXiv 2408.15664). No gradient is involved. V3's small
sequence-wise loss prevents extremes within one sequence.

Routing is observed by forward hooks on the routers; the model is unchanged. Padding is not counted. Hooks are off
during activation recomputation in the backward pass, or tokens would be counted twice.

    N tokens · E experts · K experts per token · B rows · T tokens a row, N = B·T
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor, nn

from fathom.base.distributed import ALONE, World
from fathom.model.router import Router, Routing


@dataclass(frozen=True, slots=True)
class LoadStatistics:
    """Of one update. ``violation``: (greatest load - mean) / mean, the mean over routers and the worst of them (MaxVio,
    arXiv 2408.15664, eq. 4). ``entropy``: of a token's normalized scores, 1 where it is undecided between all.
    ``dead``: experts without any token, over all routers.
    """

    violation: float
    worst_violation: float
    entropy: float
    dead: int
    loads: dict[str, list[int]]


class Balance:
    """Observes every router of ``model``, until :meth:`close`.

    For each micro-batch: ``with balance.watch(keep): forward``, then ``balance.loss()`` before the backward pass. After
    the update: ``balance.gather()``, ``balance.statistics()`` where wanted, then ``balance.update(speed)``.
    """

    def __init__(self, model: nn.Module, world: World = ALONE) -> None:
        self._world = world
        self.routers = {name: part for name, part in model.named_modules() if isinstance(part, Router)}
        self._handles = [
            router.register_forward_hook(partial(self._observe, name)) for name, router in self.routers.items()
        ]
        self._observing = False
        self._statistics = False
        self._seen: list[tuple[str, Routing]] = []
        self._watched: Tensor | None = None
        self._counts: dict[str, Tensor] = {}
        self._entropies: list[Tensor] = []  # sum over tokens and routers, and how many these were: (2,) float64

    def close(self) -> None:
        """Remove the hooks."""
        for handle in self._handles:
            handle.remove()

    @contextmanager
    def watch(self, keep: Tensor, *, statistics: bool = False) -> Iterator[None]:
        """Observe the forward pass of one micro-batch; ``keep`` (B, T) is true where a token is no padding.
        ``statistics`` measures entropies too.
        """
        self._observing, self._statistics, self._watched, self._seen = True, statistics, keep, []
        try:
            yield
        finally:
            self._observing = False
        self._count(keep.flatten())

    def loss(self) -> Tensor:
        """Σ f_i P_i, summed over the rows and routers of the micro-batch just watched (V3 eq. 17-20, without α)."""
        if self._watched is None or not self._seen:
            return torch.zeros(())
        keep = self._watched
        return torch.stack([sequence_loss(routing.experts, routing.scores, keep) for _, routing in self._seen]).sum()

    @torch.no_grad()
    def gather(self) -> None:
        """Make the loads since the last :meth:`update` those of all ranks; one may not have run a router."""
        if self._world.size == 1 or not self.routers:
            return
        width = max(router.config.num_experts for router in self.routers.values())
        device = next(iter(self.routers.values())).weight.device
        table = torch.zeros(len(self.routers), width + 1, dtype=torch.int64, device=device)  # the last column: observed
        for row, name in zip(table, self.routers, strict=True):
            if name in self._counts:
                row[: len(self._counts[name])] = self._counts[name]
                row[-1] = 1
        self._world.all_reduce(table)
        self._counts = {
            name: row[: router.config.num_experts]
            for row, (name, router) in zip(table, self.routers.items(), strict=True)
            if row[-1] > 0
        }
        entropies = torch.stack(self._entropies).sum(0) if self._entropies else torch.zeros(2, dtype=torch.float64)
        self._entropies = [torch.tensor(self._world.sums(entropies.tolist()))]

    @torch.no_grad()
    def update(self, speed: float) -> None:
        """Move every bias by ``speed`` against the loads since the last update, and begin to count anew. A router that
        is frozen keeps its bias.
        """
        for name, counts in self._counts.items():
            bias = self.routers[name].bias
            if bias is not None and speed and self.routers[name].weight.requires_grad:
                bias += speed * torch.sign(counts.float().mean() - counts.float())
        self._counts, self._entropies, self._seen = {}, [], []

    def statistics(self) -> LoadStatistics | None:
        """Of the loads since the last :meth:`update`; None without routers."""
        if not self._counts:
            return None
        violations = [violation(counts) for counts in self._counts.values()]
        return LoadStatistics(
            violation=sum(violations) / len(violations),
            worst_violation=max(violations),
            entropy=self._entropy(),
            dead=sum(int((counts == 0).sum()) for counts in self._counts.values()),
            loads={name: counts.tolist() for name, counts in self._counts.items()},
        )

    def _observe(self, name: str, _router: nn.Module, _inputs: object, routing: Routing) -> None:
        if self._observing:
            self._seen.append((name, routing))

    @torch.no_grad()
    def _count(self, keep: Tensor) -> None:
        for name, routing in self._seen:
            counts = torch.bincount(routing.experts[keep].flatten(), minlength=routing.scores.shape[1])
            self._counts[name] = self._counts[name] + counts if name in self._counts else counts
        if self._statistics and self._seen:
            scores = torch.stack([routing.scores[keep] for _, routing in self._seen])  # (routers, N, E)
            count = scores.shape[0] * scores.shape[1]
            mean = entropy(scores).double() if count else scores.new_zeros((), dtype=torch.float64)
            self._entropies.append(torch.stack([mean * count, torch.full_like(mean, count)]))

    def _entropy(self) -> float:
        """Mean over the tokens and routers that were measured; NaN without any."""
        total, count = torch.stack(self._entropies).sum(0).tolist() if self._entropies else (0.0, 0.0)
        return total / count if count else math.nan


def sequence_loss(experts: Tensor, scores: Tensor, keep: Tensor) -> Tensor:
    """Σ_i f_i P_i of each row, summed over rows: experts (N, K), scores (N, E), keep (B, T) → ().

    f_i is expert i's share of the choices, 1 if all are equal; P_i its mean normalized score (V3 eq. 18-20). Only P has
    a gradient. Rows of nothing but padding count 0. Balanced scores give 1 a row.
    """
    rows, length = keep.shape
    weight = keep.to(scores.dtype)[..., None]  # (B, T, 1)
    tokens = weight.sum(1).clamp(min=1)  # (B, 1)
    count, chosen = scores.shape[1], experts.shape[1]
    hits = torch.zeros_like(scores).scatter_(1, experts, 1.0).view(rows, length, count)  # (B, T, E)
    f = (hits * weight).sum(1) * (count / (chosen * tokens))  # (B, E)
    normalized = (scores / scores.sum(-1, keepdim=True)).view(rows, length, count)
    p = (normalized * weight).sum(1) / tokens  # (B, E)
    return (f * p).sum()


def violation(counts: Tensor) -> float:
    """(greatest load - mean load) / mean load of counts (E); 0 where nothing was counted."""
    mean = counts.float().mean()
    return float((counts.max() - mean) / mean) if mean > 0 else 0.0


def entropy(scores: Tensor) -> Tensor:
    """Mean entropy of normalized scores (…, E), as a share of log E."""
    p = scores / scores.sum(-1, keepdim=True)
    return -(p * p.clamp(min=1e-20).log()).sum(-1).mean() / math.log(max(2, scores.shape[-1]))
