"""Updates of the weights: micro-batches, their losses, one optimizer step, and what there is to log of it."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, Protocol, TypeVar

import torch
from torch import Tensor

from fathom.base.distributed import ALONE, World
from fathom.evals.rollout import Rollout
from fathom.model.transformer import Transformer
from fathom.optim.optimizers import build_optimizers
from fathom.train.components.balance import Balance, LoadStatistics
from fathom.train.components.divergence import DivergedError, culprit
from fathom.train.rl.config import TrainerConfig
from fathom.train.rl.micro_batches import MicroBatcher
from fathom.train.rl.scoring import RolloutBatch

T = TypeVar("T")


class LossStatistics(Protocol):
    """What a loss counts in each micro-batch; `fathom.train.rl.loss.Diagnostics` is one."""

    def merge(self: T, other: T) -> T: ...

    def metrics(self) -> dict[str, float]: ...


class MicroBatchLoss(NamedTuple):
    """What a micro-batch adds to the update. ``value`` has the gradient; ``logprobs`` (N, T-1) are the policy's."""

    value: Tensor
    statistics: Any  # LossStatistics, of the same type in every micro-batch
    logprobs: Tensor


LossFunction = Callable[[RolloutBatch, Sequence[int]], MicroBatchLoss]
"""Takes a micro-batch and the indices of its rollouts in the minibatch."""


class Minibatch(NamedTuple):
    """The rollouts of one update. Its loss is the sum of what ``loss`` returns for its micro-batches, on all ranks.

    ``on_policy``: the weights that learn are those that sampled, so their log-probabilities should be the engine's.
    """

    rollouts: Sequence[Rollout]
    loss: LossFunction
    on_policy: bool = True


@dataclass(slots=True)
class UpdateResult:
    """Sums over the updates of a step. ``engine_gap`` is the greatest difference between the log-probabilities of the
    trainer and of the engine. ``tokens`` went through the model, forward and backward. ``norm`` is the gradient's, of
    the last update.
    """

    statistics: Any = None
    loss: float = 0.0
    engine_gap: float = 0.0
    tokens: int = 0
    norm: float = 0.0
    loads: LoadStatistics | None = None

    def add(self, statistics: LossStatistics, loss: float, engine_gap: float, tokens: int) -> None:
        self.statistics = statistics if self.statistics is None else self.statistics.merge(statistics)
        self.loss += loss
        self.engine_gap = max(self.engine_gap, engine_gap)
        self.tokens += tokens

    def gather(self, world: World) -> UpdateResult:
        """The sums of all ranks."""
        if world.size == 1:
            return self
        total = UpdateResult(norm=self.norm)
        for statistics, loss, engine_gap, tokens in world.gather(
            (self.statistics, self.loss, self.engine_gap, self.tokens)
        ):
            if statistics is not None:
                total.add(statistics, loss, engine_gap, tokens)
        return total


class Updater:
    """Updates ``model`` in place, one optimizer step for each minibatch.

    The routers' bias does not move here: it would change which experts a token meets between sampling and learning.
    """

    def __init__(self, model: Transformer, config: TrainerConfig, world: World = ALONE) -> None:
        self.model = model
        self.optimizers = build_optimizers(model, config.optimizers)
        self.schedule = config.optim.schedule.shorten(config.steps)
        self._config = config
        self._world = world
        self._micro_batcher = MicroBatcher.of(model, config, world)

    def lr_factor(self, step: int) -> float:
        """The schedule's factor of the learning rates in this step (from 0)."""
        return self.schedule.factor(step, self._config.steps)

    def run(self, minibatches: Sequence[Minibatch], step: int) -> UpdateResult:
        """All updates of a step. Raises DivergedError before a bad gradient reaches the weights."""
        balance = Balance(self.model, self._world)
        try:
            result = UpdateResult()
            for minibatch in minibatches:
                self._update(minibatch, step, result, balance)
            result = result.gather(self._world)
            balance.gather()
            return replace(result, loads=balance.statistics())
        finally:
            balance.close()

    def _update(self, minibatch: Minibatch, step: int, result: UpdateResult, balance: Balance) -> None:
        self.optimizers.zero_grad()
        batch = None
        for indices, batch in self._micro_batcher.split(minibatch.rollouts):
            everything = torch.ones_like(batch.packing.tokens, dtype=torch.bool)
            with self._micro_batcher.autocast(), balance.watch(everything):
                loss = minibatch.loss(batch, indices)
            value = loss.value.item()
            if not math.isfinite(value):
                raise self._divergence_error(step, batch, f"the loss is {value}")
            loss.value.backward()
            gap = self._engine_gap(loss.logprobs, batch) if minibatch.on_policy else 0.0
            result.add(loss.statistics, value, gap, batch.packing.tokens.numel())
        self._world.sum_gradients(self.optimizers.parameters)
        result.norm = self.optimizers.step(self.lr_factor(step))
        if not math.isfinite(result.norm):
            raise self._divergence_error(step, batch, f"the norm of the gradient is {result.norm}")

    def _engine_gap(self, logprobs: Tensor, batch: RolloutBatch) -> float:
        """max |Δ log-probability| between trainer and engine; the engine reports at temperature 1 alone."""
        if self._config.sampling.temperature != 1:
            return 0.0
        return float((logprobs.detach() - batch.sampled_logprobs).abs().max())

    def _divergence_error(self, step: int, batch: RolloutBatch | None, what: str) -> DivergedError:
        where = culprit(self.model, lambda: None if batch is None else self.model.hidden_states(batch.tokens))
        return DivergedError(
            f"step {step + 1} diverged: {what}; first non-finite value: {where}",
            "lower optim.adamw.lr, in a new --out",
        )
