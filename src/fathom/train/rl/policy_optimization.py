"""Policy optimization with group advantages: GRPO and its relatives, from graded groups to the losses of updates.

Strictly on-policy unless asked otherwise: the trainer computes the log-probabilities of the sampled tokens anew, and
the ratio compares *its* numbers. With one update a step both are the very same tensor, and the ratio is exactly 1. With
an `AsyncSampler` completions are a step old, and the ratio compares with the log-probabilities that the engine
reported.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from fathom.base.distributed import ALONE, World
from fathom.evals.grading import Group
from fathom.evals.rollout import Rollout
from fathom.evals.runner import Grader
from fathom.model.transformer import Transformer
from fathom.train.rl.advantage import advantages
from fathom.train.rl.config import RLConfig
from fathom.train.rl.loss import divisor, policy_loss
from fathom.train.rl.micro_batches import MicroBatcher
from fathom.train.rl.sampler import DynamicSampler, SampledBatch, Sampler
from fathom.train.rl.scoring import RolloutBatch, score
from fathom.train.rl.trainer import Trainer
from fathom.train.rl.updater import MicroBatchLoss, Minibatch

OldLogprobs = Mapping[tuple[int, ...], Tensor]
"""Log-probabilities (N, T-1) before the first update, of each micro-batch, by the indices of its rollouts."""


@dataclass(frozen=True, slots=True)
class TrainingExample:
    """A completion to learn from. ``masked``: it counts in the divisor of the loss, and its tokens are not learned."""

    rollout: Rollout
    advantage: float
    masked: bool = False


class PolicyOptimization:
    """The algorithm of `RLConfig`: completions that earned more than others of their group become more likely.

    ``reference`` is the frozen policy of the KL term; None without one.
    """

    def __init__(self, model: Transformer, config: RLConfig, world: World = ALONE) -> None:
        self.model = model
        self.config = config
        self.reference = _frozen_copy(model) if config.loss.kl_coefficient else None
        self._micro_batcher = MicroBatcher.of(model, config, world)

    def minibatches(self, batch: SampledBatch) -> list[Minibatch]:
        updates = self.config.updates
        examples = self.examples(batch.groups)
        losses = [self.minibatch_loss(part) for start in range(updates) if (part := examples[start::updates])]
        if updates > 1 and not self.config.sampling.overlap:  # before the first of them moves the policy
            losses = [replace(loss, old=self._logprobs(loss.examples)) for loss in losses]
        on_policy = updates == 1 and not batch.staleness
        return [Minibatch([example.rollout for example in loss.examples], loss, on_policy) for loss in losses]

    def examples(self, groups: Sequence[Group]) -> list[TrainingExample]:
        """Completions with their advantages, dealt so that every update gets some of every group."""
        rewards = torch.tensor([[member.reward for member in group.members] for group in groups])
        table = advantages(rewards, self.config.estimator).tolist()
        mask = self.config.sampling.truncated == "mask"
        return [
            TrainingExample(
                group.members[column].rollout, row[column], mask and group.members[column].rollout.truncated
            )
            for column in range(self.config.sampling.group)
            for group, row in zip(groups, table, strict=True)
        ]

    def has_gradient(self, example: TrainingExample) -> bool:
        """With a KL term every completion has one; without, an advantage of 0 has none."""
        return not example.masked and (self.reference is not None or example.advantage != 0)

    def end_step(self, step: int) -> None:
        """Move the reference to the policy, where it is time."""
        every = self.config.reference_every
        if self.reference is not None and every and step % every == 0:
            self.reference = _frozen_copy(self.model)

    def state(self) -> dict[str, Any]:
        return {"reference": None if self.reference is None else self.reference.state_dict()}

    def load(self, state: Mapping[str, Any]) -> None:
        if self.reference is not None:
            self.reference.load_state_dict(state["reference"])

    def minibatch_loss(self, examples: Sequence[TrainingExample]) -> MinibatchLoss:
        """The loss of one update. Examples without a gradient count in its divisor and are not computed."""
        tokens = sum(len(example.rollout.completion_ids) for example in examples if not example.masked)
        total = divisor(len(examples), tokens, self.config.loss)
        kept = [example for example in examples if self.has_gradient(example)] or examples
        return MinibatchLoss(self.model, self.reference, self.config, tuple(kept), total)

    @torch.no_grad()
    def _logprobs(self, examples: Sequence[TrainingExample]) -> OldLogprobs:
        rows: dict[tuple[int, ...], Tensor] = {}
        for indices, batch in self._micro_batcher.split([example.rollout for example in examples]):
            with self._micro_batcher.autocast():
                scores = score(self.model, batch, temperature=self.config.sampling.temperature)
            rows[tuple(indices)] = scores.logprobs
        return rows


@dataclass(frozen=True, slots=True)
class MinibatchLoss:
    """The loss function of one update over ``examples``, whose micro-batches add up to the loss divided by ``total``.

    ``old`` None: the log-probabilities of the policy as it is, or with ``sampling.overlap`` those of the engine.
    """

    model: Transformer
    reference: Transformer | None
    config: RLConfig
    examples: tuple[TrainingExample, ...]
    total: float
    old: OldLogprobs | None = None

    def __call__(self, batch: RolloutBatch, indices: Sequence[int]) -> MicroBatchLoss:
        scores = score(self.model, batch, temperature=self.config.sampling.temperature)
        advantages = [self.examples[index].advantage for index in indices]
        loss = policy_loss(
            scores.logprobs,
            self._old_logprobs(scores.logprobs, batch, indices),
            torch.tensor(advantages, device=scores.logprobs.device),
            self.mask(batch, indices),
            self._reference_logprobs(batch),
            config=self.config.loss,
            total=self.total,
            entropies=scores.entropies,
        )
        return MicroBatchLoss(loss.value, loss.diagnostics, scores.logprobs)

    def mask(self, batch: RolloutBatch, indices: Sequence[int]) -> Tensor:
        """(N, T-1): the tokens that the policy chose, without those of masked examples."""
        learned = torch.tensor([not self.examples[index].masked for index in indices])
        return batch.completion_mask & learned[:, None].to(batch.completion_mask.device)

    def _old_logprobs(self, logprobs: Tensor, batch: RolloutBatch, indices: Sequence[int]) -> Tensor:
        if self.config.sampling.overlap:
            return batch.sampled_logprobs
        return logprobs.detach() if self.old is None else self.old[tuple(indices)]

    def _reference_logprobs(self, batch: RolloutBatch) -> Tensor | None:
        """The reference's own routers choose its experts."""
        if self.reference is None:
            return None
        with torch.no_grad():
            return score(self.reference, batch, temperature=self.config.sampling.temperature, repeat=False).logprobs


def policy_trainer(
    model: Transformer,
    grader: Grader,
    config: RLConfig,
    *,
    sampler: Sampler | None = None,
    clock: Callable[[], float] = time.monotonic,
    world: World = ALONE,
) -> Trainer:
    """A trainer of ``model`` by `PolicyOptimization`. ``sampler`` None: dynamic sampling with ``grader``."""
    sampler = sampler or DynamicSampler(grader, config.sampling, config.seed)
    algorithm = PolicyOptimization(model, config, world)
    return Trainer(model, grader, sampler, algorithm, config, clock=clock, world=world)


def _frozen_copy(model: Transformer) -> Transformer:
    return copy.deepcopy(model).eval().requires_grad_(False)
