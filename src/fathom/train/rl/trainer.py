"""The loop of reinforcement learning: sample, verify, compare, update. Strictly on-policy unless asked otherwise.

The trainer computes the log-probabilities of what the engine sampled anew, and it is *its* numbers that the ratio
compares: with one update a step they are the very same tensor, and the ratio is exactly 1. Where a twin samples ahead
(:mod:`fathom.train.rl.prefetch`), completions are a step old, and the ratio compares with what the engine said of them.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from fathom.base.distributed import ALONE, World
from fathom.base.errors import ConfigError
from fathom.evals.grading import GradedCompletion, Group
from fathom.evals.runner import Grader
from fathom.model.transformer import Transformer
from fathom.train.components.balance import Balance
from fathom.train.rl.advantage import advantages
from fathom.train.rl.config import RLConfig
from fathom.train.rl.loss import divisor, policy_loss
from fathom.train.rl.prefetch import AsyncSampler, Prefetch
from fathom.train.rl.scoring import RolloutBatch, collate, score
from fathom.train.rl.steps import Learned, PieceLoss, Steps, has_equal_rewards


@dataclass(frozen=True, slots=True)
class _Example:
    """A completion to learn from."""

    member: GradedCompletion
    advantage: float


@dataclass(frozen=True, slots=True)
class _Batch:
    """``kept`` to learn from, of all that was ``sampled`` with the weights as they were before step ``policy``."""

    policy: int
    kept: list[Group]
    sampled: list[Group]


class Trainer(Steps):
    """Reinforcement learning: what earned more than the others of its group becomes more likely."""

    config: RLConfig

    def __init__(
        self,
        model: Transformer,
        grader: Grader,
        config: RLConfig,
        *,
        clock: Callable[[], float] = time.monotonic,
        world: World = ALONE,
        twin: AsyncSampler | None = None,
    ) -> None:
        super().__init__(model, grader, config, clock=clock, world=world)
        if twin is not None and world.size > 1:
            raise ConfigError("one process alone can sample ahead", "set sampling.overlap=0, or leave out --ranks")
        self._twin = twin
        self._ahead: Prefetch[_Batch] = Prefetch()
        self._staleness = 0
        self.reference = _frozen(model) if config.loss.kl_coefficient else None

    def run_step(self) -> tuple[dict[str, Any], list[Group]]:
        line, sampled = super().run_step()
        if self._twin is not None:
            line["staleness"] = self._staleness
        every = self.config.reference_every
        if self.reference is not None and every and self.step % every == 0:
            self.reference = _frozen(self.model)
        return line, sampled

    def take(self) -> tuple[list[Group], list[Group]]:
        if self._twin is None:
            return self.collect()
        found = self._ahead.take()
        if found is None:  # the first step, or the first behind a resume
            self._twin.follow(self.model)
            found = _Batch(self.step, *self.collect(grader=self._twin.grader))
        self._staleness = self.step - found.policy
        return found.kept, found.sampled

    def look_ahead(self) -> None:
        """Let the twin sample the next step's completions from here on, with the weights as they are now."""
        twin, policy, step = self._twin, self.step, self.step + 1
        if twin is not None and step < self.config.steps:
            twin.follow(self.model)
            self._ahead.begin(lambda: _Batch(policy, *self.collect(step, twin.grader)))

    def evaluation(self, problems: int, samples: int, temperature: float, *, split: str = "validation") -> list[Group]:
        self._ahead.wait()  # a task answers one thread at a time
        return super().evaluation(problems, samples, temperature, split=split)

    def collect(self, step: int | None = None, grader: Grader | None = None) -> tuple[list[Group], list[Group]]:
        """Groups to learn from in ``step`` (the present one), and all that were sampled. Groups of one mind are sampled
        anew, with other problems, for as many rounds as the configuration has; what is still missing then, they fill
        up.
        """
        step = self.step if step is None else step
        sampling = self.config.sampling
        telling: list[Group] = []
        sampled: list[Group] = []
        for turn in range(sampling.rounds):
            seed = (self.config.seed * 1_000_003 + step) * sampling.rounds + turn
            groups = self.sample_groups(seed, sampling.prompts - len(telling), grader)
            sampled += groups
            telling += [group for group in groups if not has_equal_rewards(group)]
            if len(telling) == sampling.prompts:
                return telling, sampled
        alike = [group for group in sampled if has_equal_rewards(group)]
        return telling + alike[: sampling.prompts - len(telling)], sampled

    def state(self) -> dict[str, Any]:
        return super().state() | {"reference": None if self.reference is None else self.reference.state_dict()}

    def load(self, state: dict[str, Any]) -> None:
        self._ahead.take()  # sampled for another future
        super().load(state)
        if self.reference is not None:
            self.reference.load_state_dict(state["reference"])

    def learn(self, groups: Sequence[Group], balance: Balance) -> Learned:
        learned = Learned()
        examples = self._examples(groups)
        parts = [examples[start :: self.config.updates] for start in range(self.config.updates)]
        rescored = self.config.updates > 1 and self._twin is None
        old = [self._old(part) if rescored else None for part in parts]
        for part, logprobs in zip(parts, old, strict=True):
            if part:
                self._update(part, logprobs, learned, balance)
        return learned

    def gap(self, logprobs: Tensor, batch: RolloutBatch) -> float:
        moved = self.config.updates > 1 or self._staleness > 0  # then they differ because the policy does
        return 0.0 if moved else super().gap(logprobs, batch)

    def _examples(self, groups: Sequence[Group]) -> list[_Example]:
        """Completions with their advantages, dealt so that every update sees every group."""
        rewards = torch.tensor([[member.reward for member in group.members] for group in groups])
        table = advantages(rewards, self.config.estimator).tolist()
        size = self.config.sampling.group
        return [_Example(groups[g].members[m], table[g][m]) for m in range(size) for g in range(len(groups))]

    def _update(
        self, examples: list[_Example], old: dict[int, Tensor] | None, learned: Learned, balance: Balance
    ) -> None:
        """One update over ``examples``; ``old`` holds the log-probabilities of those that are ours, where it is
        off-policy.

        What has no gradient counts in the divisor and is not computed.
        """
        whole = collate([example.member.rollout for example in examples])
        total = divisor(self._learnable(whole, examples), self.config.loss)
        everything = range(len(examples))
        kept = [place for place in everything if self._teaches(examples[place])] or list(everything)
        rollouts = [examples[place].member.rollout for place in kept]

        def piece(batch: RolloutBatch, places: list[int]) -> PieceLoss:
            part = [examples[kept[place]] for place in places]
            scores = score(self.model, batch, temperature=self.config.sampling.temperature)
            before = scores.logprobs.detach() if self._twin is None else batch.sampled
            if old is not None:
                before = _pad_rows([old[kept[place]] for place in places], batch)
            loss = policy_loss(
                scores.logprobs,
                before,
                torch.tensor([example.advantage for example in part], device=self._device),
                self._learnable(batch, part),
                self._reference(batch),
                config=self.config.loss,
                total=total,
                entropies=scores.entropies,
            )
            return PieceLoss(loss.value, loss.diagnostics, scores.logprobs)

        self.update(rollouts, piece, learned, balance)

    def _teaches(self, example: _Example) -> bool:
        """Whether it has a gradient: a KL term always has; else what is as good as its group has none."""
        masked = self.config.sampling.truncated == "mask" and example.member.rollout.truncated
        return not masked and (self.reference is not None or example.advantage != 0)

    def _learnable(self, batch: RolloutBatch, examples: Sequence[_Example]) -> Tensor:
        """(N, T-1): the tokens that the policy chose, without those of completions that are masked."""
        if self.config.sampling.truncated == "zero":
            return batch.chosen
        whole = torch.tensor([not example.member.rollout.truncated for example in examples])
        return batch.chosen & whole[:, None].to(batch.chosen.device)

    @torch.no_grad()
    def _old(self, examples: list[_Example]) -> dict[int, Tensor]:
        """A row of log-probabilities for each place of ours, before the first update moves the policy."""
        rollouts = [example.member.rollout for example in examples]
        rows: dict[int, Tensor] = {}
        for places in self.pieces(rollouts):
            batch = collate([rollouts[place] for place in places], self._device)
            with self.autocast():
                scores = score(self.model, batch, temperature=self.config.sampling.temperature)
            rows |= dict(zip(places, scores.logprobs, strict=True))
        return rows

    def _reference(self, batch: RolloutBatch) -> Tensor | None:
        if self.reference is None:
            return None
        with torch.no_grad(), self.autocast():
            temperature = self.config.sampling.temperature
            return score(self.reference, batch, temperature=temperature, repeat=False).logprobs


def _pad_rows(rows: Sequence[Tensor], batch: RolloutBatch) -> Tensor:
    """Rows of any length as (N, T-1); what is cut off was padding."""
    out = torch.zeros_like(batch.sampled)
    for place, row in enumerate(rows):
        width = min(len(row), out.shape[1])
        out[place, :width] = row[:width]
    return out


def _frozen(model: Transformer) -> Transformer:
    return copy.deepcopy(model).eval().requires_grad_(False)
