"""The frame of learning from one's own completions: sample, learn, count; what is learned, a subclass says.

Every step draws its problems and random numbers from the step's number alone, so a run that resumes needs to remember
weights, optimizer and that number. The engine samples with the weights that are being trained. How far its own
log-probabilities are from the trainer's is logged in every step (``engine_gap``): it is the check that both are one
policy.

The routers' bias does not move here: it would change which experts a token meets between sampling and learning.

With several ranks each samples and grades its share of the problems; then all know everything that was sampled, choose
and compare alike, and learn from a share of the completions each.
"""

from __future__ import annotations

import math
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from itertools import islice
from typing import Any, NamedTuple, Protocol, TypeVar

import torch
from torch import Tensor

from fathom.base.device import pick_dtype
from fathom.base.distributed import ALONE, World
from fathom.evals.grading import Group
from fathom.evals.metrics import evaluate, mean_reward_parts
from fathom.evals.rollout import Rollout
from fathom.evals.runner import Grader
from fathom.model.transformer import Transformer
from fathom.optim.build import build
from fathom.train.components.balance import Balance
from fathom.train.components.divergence import DivergedError, culprit
from fathom.train.rl.advantage import zero_variance
from fathom.train.rl.config import StepsConfig
from fathom.train.rl.curriculum import Adaptive
from fathom.train.rl.scoring import RolloutBatch, collate, pieces, share

T = TypeVar("T")


class LossStatistics(Protocol):
    """What is counted over the pieces of a batch; `fathom.train.rl.loss.Diagnostics` is one."""

    def merge(self: T, other: T) -> T: ...

    def metrics(self) -> dict[str, float]: ...


class PieceLoss(NamedTuple):
    """What a piece of a batch adds to the update. ``loss`` has the gradient; ``logprobs`` (N, T-1) are the policy's."""

    loss: Tensor
    tally: Any  # a Tally, of the same type in every piece
    logprobs: Tensor


@dataclass(slots=True)
class Learned:
    """What the updates of a step add up to. ``tokens`` went through the model, forward and backward."""

    tally: Any = None
    loss: float = 0.0
    gap: float = 0.0
    tokens: int = 0
    norm: float = 0.0

    def add(self, tally: LossStatistics, loss: float, gap: float, tokens: int) -> None:
        self.tally = tally if self.tally is None else self.tally.merge(tally)
        self.loss += loss
        self.gap = max(self.gap, gap)
        self.tokens += tokens

    def gather(self, world: World) -> Learned:
        """What all ranks learned."""
        if world.size == 1:
            return self
        whole = Learned(norm=self.norm)
        for tally, loss, gap, tokens in world.gather((self.tally, self.loss, self.gap, self.tokens)):
            if tally is not None:
                whole.add(tally, loss, gap, tokens)
        return whole


class Steps(ABC):
    """Trains ``model`` in place on completions that ``grader`` samples from it. ``step`` counts what is done.

    What is learned from them, a subclass says.
    """

    def __init__(
        self,
        model: Transformer,
        grader: Grader,
        config: StepsConfig,
        *,
        clock: Callable[[], float] = time.monotonic,
        world: World = ALONE,
    ) -> None:
        self.model = model
        self.config = config
        self.grader = grader
        self.step = 0
        self.optimizers = build(model, config.optim)
        self._clock = clock
        self._world = world
        self._device = next(model.parameters()).device
        self._precision = pick_dtype(config.precision, self._device)

    def run_step(self) -> tuple[dict[str, Any], list[Group]]:
        """One step: its metrics, and everything that was sampled for it."""
        began = self._clock()
        kept, sampled = self.take()
        adaptive = self._adaptive
        observed = adaptive.observe(sampled) if adaptive is not None else {}
        self.look_ahead()
        collected = self._clock()
        balance = Balance(self.model, self._world)
        try:
            learned = self.learn(kept, balance).gather(self._world)
            balance.gather()
            loads = balance.statistics()
        finally:
            balance.close()
        self.grader.sampler.refresh()
        self.step += 1
        line = describe(sampled) | {
            "groups": len(kept),
            "loss": learned.loss,
            "engine_gap": learned.gap,
            "learned_tokens": learned.tokens,
            "gradient_norm": learned.norm,
            "lr_factor": self._factor(self.step - 1),
            **(learned.tally.metrics() if learned.tally else {}),
            "max_violation": loads.violation if loads else None,
            "dead_experts": loads.dead if loads else None,
            "loads": loads.loads if loads else None,
            "sampling_seconds": collected - began,
            "update_seconds": self._clock() - collected,
            **observed,
        }
        return line, sampled

    def take(self) -> tuple[list[Group], list[Group]]:
        """What this step learns from, and all that was sampled for it."""
        return self.collect()

    def look_ahead(self) -> None:  # noqa: B027 - most have nothing to do here
        """Done between sampling and learning, when the task knows what was sampled."""

    def collect(self) -> tuple[list[Group], list[Group]]:
        """Groups to learn from, and all that were sampled."""
        groups = self.sample_groups(self.config.seed * 1_000_003 + self.step, self.config.sampling.prompts)
        return groups, groups

    def sample_groups(self, seed: int, prompts: int, grader: Grader | None = None) -> list[Group]:
        """Completions of so many training problems; ``seed`` decides which. ``grader`` None is the trainer's own."""
        sampling, grader = self.config.sampling, grader or self.grader
        return grader.sample_and_grade(
            list(islice(grader.task.items("train", seed=seed), prompts)),
            sampling.group,
            max_tokens=sampling.max_tokens,
            temperature=sampling.temperature,
            seed=seed,
        )

    @abstractmethod
    def learn(self, groups: Sequence[Group], balance: Balance) -> Learned:
        """All updates of a step."""

    def evaluation(self, problems: int, samples: int, temperature: float, *, split: str = "validation") -> list[Group]:
        """Completions of held-out problems, the same problems at every call."""
        items = list(self.grader.task.items("test" if split == "test" else "validation", limit=problems))
        limit = self.config.sampling.max_tokens
        return self.grader.sample_and_grade(items, samples, max_tokens=limit, temperature=temperature, seed=0)

    def state(self) -> dict[str, Any]:
        """Everything that `load` needs to go on."""
        return {
            "step": self.step,
            "model": self.model.state_dict(),
            "optimizers": self.optimizers.state_dict(),
            "task": None if self._adaptive is None else self._adaptive.state(),
        }

    def load(self, state: dict[str, Any]) -> None:
        self.step = state["step"]
        self.model.load_state_dict(state["model"])
        self.optimizers.load_state_dict(state["optimizers"])
        if self._adaptive is not None:
            self._adaptive.load(state["task"])
        self.grader.sampler.refresh()

    @property
    def _adaptive(self) -> Adaptive | None:
        return self.grader.task if isinstance(self.grader.task, Adaptive) else None

    def update(
        self,
        rollouts: Sequence[Rollout],
        piece: Callable[[RolloutBatch, list[int]], PieceLoss],
        learned: Learned,
        balance: Balance,
    ) -> None:
        """One update over ``rollouts``, the losses of whose pieces add up, on whatever ranks. ``piece`` is given the
        batch of a piece and its places among the rollouts.

        Raises DivergedError before the weights are spoiled.
        """
        self.optimizers.zero_grad()
        for places in self.pieces(rollouts):
            batch = collate([rollouts[place] for place in places], self._device)
            with self.autocast(), balance.watch(torch.ones_like(batch.shared.tokens, dtype=torch.bool)):
                found = piece(batch, places)
            value = found.loss.item()
            if not math.isfinite(value):
                raise self._divergence_error(batch, f"the loss is {value}")
            found.loss.backward()
            learned.add(found.tally, value, self.gap(found.logprobs, batch), batch.shared.tokens.numel())
        self._world.sum_gradients(self.optimizers.parameters)
        norm = self.optimizers.step(self._factor(self.step))
        if not math.isfinite(norm):
            raise self._divergence_error(batch, f"the norm of the gradient is {norm}")
        learned.norm = norm

    def pieces(self, rollouts: Sequence[Rollout]) -> Iterator[list[int]]:
        """The places of the rollouts that this rank scores, in pieces that memory holds."""
        mine = share(rollouts, self._world.rank, self._world.size)
        return pieces(rollouts, self.config.micro_tokens, mine)

    def gap(self, logprobs: Tensor, batch: RolloutBatch) -> float:
        """max |Δ log-probability| between trainer and engine; the engine reports at temperature 1 alone."""
        if self.config.sampling.temperature != 1:
            return 0.0
        return float((logprobs.detach() - batch.sampled).abs().max())

    def autocast(self) -> AbstractContextManager[Any]:
        return torch.autocast(self._device.type, dtype=torch.bfloat16, enabled=self._precision == torch.bfloat16)

    def _factor(self, step: int) -> float:
        return self.config.optim.schedule.factor(step, self.config.steps)

    def _divergence_error(self, batch: RolloutBatch, what: str) -> DivergedError:
        where = culprit(self.model, lambda: self.model.hidden(batch.tokens))
        return DivergedError(
            f"step {self.step + 1} diverged: {what}; the first number that is none stands in {where}",
            "lower optim.adamw.lr and run the same command again: it goes on from the last checkpoint",
        )


def describe(groups: Sequence[Group]) -> dict[str, Any]:
    """Metrics of everything that was sampled in a step."""
    found = evaluate(groups)
    members = [member for group in groups for member in group.members]
    lengths = [member.length for member in members]
    return {
        "reward": found.reward,
        "reward_parts": mean_reward_parts([member.earned for member in members]),
        "right": found.pass_at[1],
        "lenient": found.lenient,
        "well_formed": found.well_formed,
        "length": found.length,
        "length_max": max(lengths),
        "truncated": found.truncated,
        "guesses": found.guesses,
        "zero_variance": sum(map(has_equal_rewards, groups)) / len(groups),
        "sampled": len(lengths),
        "sampled_tokens": sum(lengths),
    }


def has_equal_rewards(group: Group) -> bool:
    """Whether all members earned the same."""
    return bool(zero_variance(torch.tensor([[member.reward for member in group.members]]))[0])
