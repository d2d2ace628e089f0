"""On-policy distillation: the student writes, the teacher scores every token of it.

Sampler, updater and trainer are those of reinforcement learning (`fathom.train.rl.trainer`), and so is the policy
gradient of the sampled form; only the algorithm differs: the reward is the teacher's, and there is one for every token.
Both distributions are taken at the temperature of the sampling, as in GKD.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from fathom.base.distributed import ALONE, World
from fathom.base.errors import ConfigError
from fathom.checkpoint.bundle import Bundle
from fathom.evals.runner import Grader
from fathom.model.transformer import Transformer
from fathom.train.distill.config import OnPolicyConfig
from fathom.train.distill.divergence import advantages, closeness, reverse_kl
from fathom.train.rl.loss import FORMS, policy_loss
from fathom.train.rl.sampler import GroupSampler, SampledBatch
from fathom.train.rl.scoring import RolloutBatch, gather_scores, logits
from fathom.train.rl.trainer import Trainer
from fathom.train.rl.updater import MicroBatchLoss, Minibatch


class OnPolicyDistillation:
    """Moves ``model`` towards ``teacher``, which scores the same tokens. See `check` for what must fit."""

    def __init__(self, model: Transformer, teacher: Transformer, config: OnPolicyConfig) -> None:
        self.model = model
        self.teacher = teacher.eval().requires_grad_(False)
        self.config = config
        self._vocabulary = min(model.config.vocab_size, teacher.config.vocab_size)

    def minibatches(self, batch: SampledBatch) -> list[Minibatch]:
        """One update over all completions, truncated ones too: their tokens compare like any others."""
        rollouts = [member.rollout for group in batch.groups for member in group.members]
        self._check_context(max(len(one.prompt_ids) + len(one.completion_ids) for one in rollouts))
        total = float(sum(len(one.completion_ids) for one in rollouts))
        return [Minibatch(rollouts, lambda micro_batch, _indices: self.loss(micro_batch, total))]

    def loss(self, batch: RolloutBatch, total: float) -> MicroBatchLoss:
        """What a micro-batch adds to the loss of ``total`` tokens."""
        student = self._distribution(self.model, batch)
        with torch.no_grad():
            teacher = self._distribution(self.teacher, batch)
        logprobs = gather_scores(student, batch).logprobs
        if self.config.loss == "full":
            loss = reverse_kl(student, teacher).sum() / total
        else:
            rewards = advantages(logprobs, gather_scores(teacher, batch).logprobs)
            mask = batch.completion_mask
            loss = policy_loss(logprobs, logprobs.detach(), rewards, mask, config=FORMS["dapo"], total=total).value
        statistics = closeness(student, teacher, batch.tokens[:, 1:][batch.completion_mask])
        return MicroBatchLoss(loss, statistics, logprobs)

    def end_step(self, step: int) -> None:
        """Nothing: the teacher stays as it is."""

    def state(self) -> dict[str, Any]:
        return {}

    def load(self, state: Mapping[str, Any]) -> None:
        """Nothing is kept."""

    def _distribution(self, model: Transformer, batch: RolloutBatch) -> Tensor:
        """(M, V) log-probabilities at the completion tokens; rows beyond the smaller head, padding, are dropped."""
        own = model is self.model  # a teacher's routers choose their own experts
        logits_ = logits(model, batch, temperature=self.config.sampling.temperature, repeat=own)
        return logits_[:, : self._vocabulary].log_softmax(-1)

    def _check_context(self, longest: int) -> None:
        if longest > self.teacher.config.max_position:
            raise ConfigError(
                f"a completion with its problem has {longest} tokens, the teacher's context holds "
                f"{self.teacher.config.max_position}",
                "lower sampling.max_tokens, or choose shorter problems",
            )


def distillation_trainer(
    model: Transformer, teacher: Transformer, grader: Grader, config: OnPolicyConfig, world: World = ALONE
) -> Trainer:
    """A trainer of ``model`` by `OnPolicyDistillation`."""
    sampler = GroupSampler(grader, config.sampling, config.seed)
    return Trainer(model, grader, sampler, OnPolicyDistillation(model, teacher, config), config, world=world)


def check(student: Bundle, teacher: Bundle) -> None:
    """Raises ConfigError where the teacher cannot score the student's tokens."""
    if student.tokenizer.fingerprint != teacher.tokenizer.fingerprint:
        raise ConfigError(
            f"{teacher.name} and {student.name} have different tokenizers, and on-policy distillation compares tokens",
            "choose a teacher of the student's family, or distill its traces: that goes from text to text (the recipe "
            "distill)",
        )
