"""Training on a model's own completions: sample, compute the losses, update, report.

The parts are given: a sampler collects graded completions, an algorithm turns them into minibatches with losses, an
updater takes the optimizer steps. Reinforcement learning (`fathom.train.rl.policy_optimization`) and on-policy
distillation (`fathom.train.distill.distiller`) differ in their algorithm alone.

The engine samples with the weights that are being trained. How far its log-probabilities are from the trainer's is
logged in every step (``engine_gap``): it is the check that both are one policy.

With several ranks each samples and grades its share of the problems; then all have everything that was sampled, compute
the same advantages, and each computes the gradient of a share of the completions.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from itertools import islice
from typing import Any, Protocol

from fathom.base.distributed import ALONE, World
from fathom.base.errors import CheckpointError, ConfigError
from fathom.evals.grading import Group
from fathom.evals.runner import Grader
from fathom.model.transformer import Transformer
from fathom.tasks.splits import MAX_IDLE_DRAWS
from fathom.tasks.task import Item, Split
from fathom.train.rl.config import TrainerConfig
from fathom.train.rl.curriculum import Adaptive
from fathom.train.rl.metrics import sampling_metrics, update_metrics
from fathom.train.rl.sampler import SampledBatch, Sampler
from fathom.train.rl.updater import Minibatch, Updater
from fathom.train.run.trainable_state import fingerprint, load_trainable_state, trainable_state
from fathom.train.supervised.lora import cached_weights


class Algorithm(Protocol):
    """What is learned from a batch of sampled groups."""

    def minibatches(self, batch: SampledBatch) -> Sequence[Minibatch]:
        """One for each update of the step."""

    def end_step(self, step: int) -> None:
        """Called after the updates; ``step`` counts the steps that are done."""

    def state(self) -> dict[str, Any]:
        """What a checkpoint holds of the algorithm."""

    def load(self, state: Mapping[str, Any]) -> None:
        """Resume from a checkpoint's state."""


class Trainer:
    """Trains ``model`` in place. ``step`` counts the steps that are done; ``grader`` samples evaluations."""

    def __init__(
        self,
        model: Transformer,
        grader: Grader,
        sampler: Sampler,
        algorithm: Algorithm,
        config: TrainerConfig,
        *,
        clock: Callable[[], float] = time.monotonic,
        world: World = ALONE,
    ) -> None:
        self.model = model
        self.grader = grader
        self.sampler = sampler
        self.algorithm = algorithm
        self.config = config
        self.updater = Updater(model, config, world)
        self.step = 0
        self._clock = clock
        self._frozen = fingerprint(model)

    def run_step(self) -> tuple[dict[str, Any], list[Group]]:
        """One step: its metrics, and everything that was sampled for it."""
        began = self._clock()
        with cached_weights():
            batch = self.sampler.collect(self.step)
        curriculum_metrics = self._curriculum.observe(batch.sampled) if self._curriculum is not None else {}
        if self.step + 1 < self.config.steps:
            self.sampler.prefetch(self.step + 1)
        sampled = self._clock()

        minibatches = self.algorithm.minibatches(batch)
        result = self.updater.run(minibatches, self.step)
        lr_factor = self.updater.lr_factor(self.step)
        self.step += 1
        self.algorithm.end_step(self.step)
        self.grader.sampler.refresh()

        metrics = {
            **sampling_metrics(batch),
            **update_metrics(result),
            "lr_factor": lr_factor,
            "sampling_seconds": sampled - began,
            "update_seconds": self._clock() - sampled,
            **curriculum_metrics,
        }
        return metrics, batch.sampled

    def sample_held_out(
        self, problems: int, samples: int, temperature: float, *, split: Split = "validation"
    ) -> list[Group]:
        """Graded completions of held-out problems, the same problems at every call."""
        self.sampler.wait()
        items = self.held_out_items(problems, split=split)
        limit = self.config.sampling.max_tokens
        with cached_weights():
            return self.grader.sample_and_grade(items, samples, max_tokens=limit, temperature=temperature, seed=0)

    def held_out_items(self, problems: int, *, split: Split = "validation") -> list[Item]:
        """At most so many problems of a held-out split, of those that fit the context. Raises ConfigError where there
        are none.
        """
        limit = self.config.sampling.max_tokens
        drawn = islice(self.grader.task.items(split), problems + MAX_IDLE_DRAWS)
        items = list(islice((item for item in drawn if self.grader.fits(item, limit)), problems))
        if not items:
            raise ConfigError(
                f"no problem of the {split} split of {self.grader.task.name} fits the context of "
                f"{self.grader.sampler.max_context} with completions of {limit} tokens",
                "lower sampling.max_tokens, or choose shorter problems",
            )
        return items

    def state(self) -> dict[str, Any]:
        """Everything that `load` needs to resume: sampling depends on the step's number alone."""
        return {
            "step": self.step,
            "model": trainable_state(self.model),
            "frozen": self._frozen,
            "warmup": self.updater.schedule.warmup,
            "optimizers": self.updater.optimizers.state_dict(),
            "task": None if self._curriculum is None else self._curriculum.state(),
            **self.algorithm.state(),
        }

    def load(self, state: Mapping[str, Any]) -> None:
        self.sampler.discard()
        self.step = state["step"]
        if state.get("frozen") != self._frozen:
            raise CheckpointError(
                "the weights that the checkpoint leaves out have changed since", "give start the model of the run"
            )
        load_trainable_state(self.model, state["model"])
        self.updater.optimizers.load_state_dict(state["optimizers"])
        if "warmup" not in state:  # of an earlier version, which never shortened it
            self.updater.schedule = self.config.optim.schedule
        if self._curriculum is not None:
            self._curriculum.load(state["task"])
        self.algorithm.load(state)
        self.grader.sampler.refresh()

    @property
    def _curriculum(self) -> Adaptive | None:
        return self.grader.task if isinstance(self.grader.task, Adaptive) else None
