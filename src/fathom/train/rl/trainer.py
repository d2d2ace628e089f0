"""The loop of reinforcement learning: sample, verify, compare, update. Strictly on-policy unless asked otherwise.

Every step draws its problems and random numbers from the step's number alone, so a run that resumes needs to remember
weights, optimizer and that number. The engine samples with the weights that are being trained; the trainer computes
their log-probabilities anew, and it is *its* numbers that the ratio compares: with one update a step they are the very
same tensor, and the ratio is exactly 1. How far the engine's own numbers are from them is logged in every step
(``engine_gap``): it is the check that both are one policy.

The routers' bias does not move here: it would change which experts a token meets between sampling and learning.
"""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from itertools import islice
from typing import Any

import torch
from torch import Tensor

from fathom.base.device import pick_dtype
from fathom.model.transformer import Transformer
from fathom.optim.build import build
from fathom.tasks.task import Item
from fathom.train.balance import Balance
from fathom.train.guard import DivergedError, culprit
from fathom.train.rl.advantage import advantages, zero_variance
from fathom.train.rl.config import RLConfig
from fathom.train.rl.curriculum import Adaptive
from fathom.train.rl.evaluation import evaluate
from fathom.train.rl.grading import Graded, Grader, Group
from fathom.train.rl.loss import Diagnostics, divisor, policy_loss
from fathom.train.rl.scoring import Batch, collate, pieces, score


@dataclass(frozen=True, slots=True)
class _Example:
    """A completion to learn from."""

    member: Graded
    advantage: float


@dataclass(slots=True)
class _Learned:
    """What the updates of a step add up to."""

    diagnostics: Diagnostics | None = None
    loss: float = 0.0
    gap: float = 0.0
    norm: float = 0.0

    def add(self, diagnostics: Diagnostics, loss: float, gap: float) -> None:
        self.diagnostics = diagnostics if self.diagnostics is None else self.diagnostics.merge(diagnostics)
        self.loss += loss
        self.gap = max(self.gap, gap)


class Trainer:
    """Trains ``model`` in place; ``grader`` samples from it. ``step`` counts what is done."""

    def __init__(
        self,
        model: Transformer,
        grader: Grader,
        config: RLConfig,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.model = model
        self.config = config
        self.grader = grader
        self.step = 0
        self.optimizers = build(model, config.optim)
        self.reference = _frozen(model) if config.loss.kl_coefficient else None
        self._clock = clock
        self._device = next(model.parameters()).device
        self._precision = pick_dtype(config.precision, self._device)

    def run_step(self) -> tuple[dict[str, Any], list[Group]]:
        """One step: its metrics, and everything that was sampled for it."""
        began = self._clock()
        kept, sampled = self.collect()
        collected = self._clock()
        balance = Balance(self.model)
        try:
            learned = self._learn(kept, balance)
            loads = balance.statistics()
        finally:
            balance.close()
        self.grader.source.refresh()
        self.step += 1
        every = self.config.reference_every
        if self.reference is not None and every and self.step % every == 0:
            self.reference = _frozen(self.model)
        adaptive = self._adaptive
        observed = adaptive.observe(sampled) if adaptive is not None else {}
        line = describe(sampled) | {
            "groups": len(kept),
            "loss": learned.loss,
            "engine_gap": learned.gap,
            "gradient_norm": learned.norm,
            "lr_factor": self._factor(self.step - 1),
            **(learned.diagnostics.metrics() if learned.diagnostics else {}),
            "max_violation": loads.violation if loads else None,
            "dead_experts": loads.dead if loads else None,
            "loads": loads.loads if loads else None,
            "sampling_seconds": collected - began,
            "update_seconds": self._clock() - collected,
            **observed,
        }
        return line, sampled

    def collect(self) -> tuple[list[Group], list[Group]]:
        """Groups to learn from, and all that were sampled. Groups of one mind are sampled anew, with other problems,
        for as many rounds as the configuration has; what is still missing then, they fill up.
        """
        sampling = self.config.sampling
        telling: list[Group] = []
        sampled: list[Group] = []
        for turn in range(sampling.rounds):
            seed = (self.config.seed * 1_000_003 + self.step) * sampling.rounds + turn
            items = list(self._items(seed, sampling.prompts - len(telling)))
            groups = self.grader.groups(
                items, sampling.group, max_tokens=sampling.max_tokens, temperature=sampling.temperature, seed=seed
            )
            sampled += groups
            telling += [group for group in groups if not _settled(group)]
            if len(telling) == sampling.prompts:
                return telling, sampled
        settled = [group for group in sampled if _settled(group)]
        return telling + settled[: sampling.prompts - len(telling)], sampled

    def evaluation(self, problems: int, samples: int, temperature: float, *, split: str = "validation") -> list[Group]:
        """Completions of held-out problems, the same problems at every call."""
        items = list(self.grader.task.items("test" if split == "test" else "validation", limit=problems))
        limit = self.config.sampling.max_tokens
        return self.grader.groups(items, samples, max_tokens=limit, temperature=temperature, seed=0)

    def state(self) -> dict[str, Any]:
        """Everything that `load` needs to go on."""
        reference = None if self.reference is None else self.reference.state_dict()
        return {
            "step": self.step,
            "model": self.model.state_dict(),
            "optimizers": self.optimizers.state_dict(),
            "reference": reference,
            "task": None if self._adaptive is None else self._adaptive.state(),
        }

    def load(self, state: dict[str, Any]) -> None:
        self.step = state["step"]
        self.model.load_state_dict(state["model"])
        self.optimizers.load_state_dict(state["optimizers"])
        if self.reference is not None:
            self.reference.load_state_dict(state["reference"])
        if self._adaptive is not None:
            self._adaptive.load(state["task"])
        self.grader.source.refresh()

    @property
    def _adaptive(self) -> Adaptive | None:
        return self.grader.task if isinstance(self.grader.task, Adaptive) else None

    def _items(self, seed: int, count: int) -> Iterator[Item]:
        return islice(self.grader.task.items("train", seed=seed), count)

    def _factor(self, step: int) -> float:
        return self.config.optim.schedule.factor(step, self.config.steps)

    def _learn(self, groups: Sequence[Group], balance: Balance) -> _Learned:
        """All updates of a step."""
        learned = _Learned()
        examples = self._examples(groups)
        parts = [examples[start :: self.config.updates] for start in range(self.config.updates)]
        old = [self._old(part) for part in parts] if self.config.updates > 1 else [None]
        for part, logprobs in zip(parts, old, strict=True):
            if part:
                self._update(part, logprobs, learned, balance)
        return learned

    def _examples(self, groups: Sequence[Group]) -> list[_Example]:
        """Completions with their advantages, dealt so that every update sees every group."""
        rewards = torch.tensor([[self._reward(member) for member in group.members] for group in groups])
        table = advantages(rewards, self.config.estimator).tolist()
        size = self.config.sampling.group
        return [_Example(groups[g].members[m], table[g][m]) for m in range(size) for g in range(len(groups))]

    def _reward(self, member: Graded) -> float:
        return 0.0 if member.rollout.truncated else member.verdict.reward

    def _update(self, examples: list[_Example], old: list[Tensor] | None, learned: _Learned, balance: Balance) -> None:
        """One update over ``examples``; ``old`` holds a row of log-probabilities for each, where it is off-policy."""
        self.optimizers.zero_grad()
        rollouts = [example.member.rollout for example in examples]
        total = divisor(self._learnable(collate(rollouts), examples), self.config.loss)
        for places in pieces(rollouts, self.config.micro_tokens):
            part = [examples[place] for place in places]
            batch = collate([rollouts[place] for place in places], self._device)
            with self._autocast(), balance.watch(_real(batch, part)):
                scores = score(self.model, batch, temperature=self.config.sampling.temperature)
            before = scores.logprobs.detach()
            if old is not None:
                before = _padded([old[place] for place in places], batch)
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
            value = loss.value.item()
            if not math.isfinite(value):
                raise self._diverged(batch, f"the loss is {value}")
            loss.value.backward()
            learned.add(loss.diagnostics, value, self._gap(scores.logprobs, batch))
        norm = self.optimizers.step(self._factor(self.step))
        if not math.isfinite(norm):
            raise self._diverged(batch, f"the norm of the gradient is {norm}")
        learned.norm = norm

    def _learnable(self, batch: Batch, examples: Sequence[_Example]) -> Tensor:
        """(N, T-1): the tokens that the policy chose, without those of completions that are masked."""
        if self.config.sampling.truncated == "zero":
            return batch.chosen
        whole = torch.tensor([not example.member.rollout.truncated for example in examples])
        return batch.chosen & whole[:, None].to(batch.chosen.device)

    @torch.no_grad()
    def _old(self, examples: list[_Example]) -> list[Tensor]:
        """A row of log-probabilities for each example, before the first update moves the policy."""
        rollouts = [example.member.rollout for example in examples]
        rows: dict[int, Tensor] = {}
        for places in pieces(rollouts, self.config.micro_tokens):
            batch = collate([rollouts[place] for place in places], self._device)
            with self._autocast():
                scores = score(self.model, batch, temperature=self.config.sampling.temperature)
            rows |= dict(zip(places, scores.logprobs, strict=True))
        return [rows[place] for place in range(len(examples))]

    def _reference(self, batch: Batch) -> Tensor | None:
        if self.reference is None:
            return None
        with torch.no_grad(), self._autocast():
            return score(self.reference, batch, temperature=self.config.sampling.temperature).logprobs

    def _gap(self, logprobs: Tensor, batch: Batch) -> float:
        """max |Δ log-probability| between trainer and engine; the engine reports at temperature 1 alone."""
        if self.config.sampling.temperature != 1 or self.config.updates > 1:
            return 0.0
        return float((logprobs.detach() - batch.sampled).abs().max())

    def _autocast(self) -> AbstractContextManager[Any]:
        return torch.autocast(self._device.type, dtype=torch.bfloat16, enabled=self._precision == torch.bfloat16)

    def _diverged(self, batch: Batch, what: str) -> DivergedError:
        where = culprit(self.model, lambda: self.model.hidden(batch.tokens))
        return DivergedError(
            f"step {self.step + 1} diverged: {what}; the first number that is none stands in {where}",
            "lower optim.adamw.lr and run the same command again: it goes on from the last checkpoint",
        )


def describe(groups: Sequence[Group]) -> dict[str, Any]:
    """Metrics of everything that was sampled in a step."""
    found = evaluate(groups)
    lengths = [member.length for group in groups for member in group.members]
    return {
        "reward": found.reward,
        "right": found.pass_at[1],
        "well_formed": found.well_formed,
        "length": found.length,
        "length_max": max(lengths),
        "truncated": found.truncated,
        "guesses": found.guesses,
        "zero_variance": sum(map(_settled, groups)) / len(groups),
        "sampled": len(lengths),
        "sampled_tokens": sum(lengths),
    }


def _settled(group: Group) -> bool:
    """Whether all members earned the same."""
    rewards = [0.0 if member.rollout.truncated else member.verdict.reward for member in group.members]
    return bool(zero_variance(torch.tensor([rewards]))[0])


def _real(batch: Batch, examples: Sequence[_Example]) -> Tensor:
    """(N, T-1): tokens that the model is shown, padding not counted."""
    sizes = [len(example.member.rollout.prompt_ids) + example.member.length - 1 for example in examples]
    return torch.arange(batch.chosen.shape[1])[None] < torch.tensor(sizes)[:, None]


def _padded(rows: Sequence[Tensor], batch: Batch) -> Tensor:
    """Rows of any length as (N, T-1); what is cut off was padding."""
    out = torch.zeros_like(batch.sampled)
    for place, row in enumerate(rows):
        width = min(len(row), out.shape[1])
        out[place, :width] = row[:width]
    return out


def _frozen(model: Transformer) -> Transformer:
    return copy.deepcopy(model).eval().requires_grad_(False)
