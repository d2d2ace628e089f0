"""On-policy distillation: the student writes, the teacher says of every token what it would rather have read.

Sampling, pieces, guards and state are those of reinforcement learning (`fathom.train.rl.steps`), and so is the
policy gradient of the sampled form; a reward is all that differs, and there is one for every token. Both distributions
are taken at the temperature of the sampling, as in GKD.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from fathom.base.distributed import ALONE, World
from fathom.base.errors import ConfigError
from fathom.checkpoint.bundle import Bundle
from fathom.evals.grading import Group
from fathom.evals.runner import Grader
from fathom.model.transformer import Transformer
from fathom.train.components.balance import Balance
from fathom.train.distill.config import OnPolicyConfig
from fathom.train.distill.divergence import advantages, closeness, reverse_kl
from fathom.train.rl.loss import FORMS, policy_loss
from fathom.train.rl.scoring import RolloutBatch, logits, scores
from fathom.train.rl.steps import Learned, PieceLoss, Steps


class Distiller(Steps):
    """Moves ``model`` towards ``teacher``, which reads the same tokens. See `check` for what must fit."""

    config: OnPolicyConfig

    def __init__(
        self,
        model: Transformer,
        teacher: Transformer,
        grader: Grader,
        config: OnPolicyConfig,
        world: World = ALONE,
    ) -> None:
        super().__init__(model, grader, config, world=world)
        self.teacher = teacher.eval().requires_grad_(False)
        self._vocabulary = min(model.config.vocab_size, teacher.config.vocab_size)

    def learn(self, groups: Sequence[Group], balance: Balance) -> Learned:
        """One update over all completions, truncated ones too: their tokens compare like any others."""
        learned = Learned()
        rollouts = [member.rollout for group in groups for member in group.members]
        self._check_context(max(len(one.prompt_ids) + len(one.completion_ids) for one in rollouts))
        total = float(sum(len(one.completion_ids) for one in rollouts))

        def piece(batch: RolloutBatch, _places: list[int]) -> PieceLoss:
            student = self._distribution(self.model, batch)
            with torch.no_grad():
                teacher = self._distribution(self.teacher, batch)
            found = scores(student, batch)
            if self.config.loss == "full":
                loss = reverse_kl(student, teacher).sum() / total
            else:
                wanted = advantages(found.logprobs, scores(teacher, batch).logprobs)
                loss = policy_loss(
                    found.logprobs, found.logprobs.detach(), wanted, batch.chosen, config=FORMS["dapo"], total=total
                ).value
            tally = closeness(student, teacher, batch.tokens[:, 1:][batch.chosen])
            return PieceLoss(loss, tally, found.logprobs)

        self.update(rollouts, piece, learned, balance)
        return learned

    def _distribution(self, model: Transformer, batch: RolloutBatch) -> Tensor:
        """(M, V) log-probabilities of the chosen tokens; rows that only one of the two heads has stand for no token."""
        own = model is self.model  # a teacher's routers have their own mind
        found = logits(model, batch, temperature=self.config.sampling.temperature, repeat=own)
        return found[:, : self._vocabulary].log_softmax(-1)

    def _check_context(self, longest: int) -> None:
        if longest > self.teacher.config.max_position:
            raise ConfigError(
                f"a completion with its problem has {longest} tokens, the teacher's context holds "
                f"{self.teacher.config.max_position}",
                "lower sampling.max_tokens, or choose shorter problems",
            )


def check(student: Bundle, teacher: Bundle) -> None:
    """Raises ConfigError where the teacher cannot score the student's tokens."""
    if student.tokenizer.fingerprint != teacher.tokenizer.fingerprint:
        raise ConfigError(
            f"{teacher.name} and {student.name} have different tokenizers, and on-policy distillation compares tokens",
            "choose a teacher of the student's family, or distill its traces: that goes from text to text (the recipe "
            "distill)",
        )
