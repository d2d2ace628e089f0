"""Samplers: they collect the groups of graded completions that a step of training uses.

`GroupSampler` takes the groups as they come. `DynamicSampler` replaces groups whose rewards are all equal (DAPO, arXiv
2503.14476, section 3.2). `AsyncSampler` wraps either and samples the next step's groups on a second device while the
update of this step runs.

Problems and random numbers of a step depend on the configuration's seed and the step's number alone, so a resumed run
samples what an uninterrupted one would have.
"""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Generic, Protocol, TypeVar

import torch

from fathom.base.distributed import ALONE, World
from fathom.base.errors import ConfigError
from fathom.evals.grading import Group
from fathom.evals.runner import Grader
from fathom.model.transformer import Transformer
from fathom.tasks.splits import MAX_IDLE_DRAWS
from fathom.tasks.task import Item
from fathom.train.rl.advantage import zero_variance
from fathom.train.rl.config import CompletionsConfig, SamplingConfig

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class SampledBatch:
    """``groups`` to learn from, and everything that was ``sampled`` to get them.

    ``too_long`` counts problems that were drawn and left out, because the context holds no completion of them.
    ``staleness`` is the number of steps between the weights that sampled and those that learn; None with a synchronous
    sampler, where it is 0 by construction.
    """

    groups: list[Group]
    sampled: list[Group]
    staleness: int | None = None
    too_long: int = 0


class Sampler(Protocol):
    """Collects the groups of one step after another."""

    def collect(self, step: int) -> SampledBatch:
        """The groups of this step (from 0)."""

    def prefetch(self, step: int) -> None:
        """Start sampling this step with the weights as they are now, if the sampler can work in the background."""

    def wait(self) -> None:
        """Block until no sampling is under way in the background: a task serves one thread at a time."""

    def discard(self) -> None:
        """Drop prefetched groups: another state was loaded."""


class GroupSampler:
    """One group for each of the step's problems, whatever their rewards."""

    def __init__(self, grader: Grader, sampling: CompletionsConfig, seed: int) -> None:
        self.grader = grader
        self.sampling = sampling
        self.seed = seed
        self._too_long = 0

    def collect(self, step: int) -> SampledBatch:
        self._too_long = 0
        groups = self.sample_groups(self.sampling.prompts, self.seed * 1_000_003 + step)
        return SampledBatch(groups, groups, too_long=self._too_long)

    def prefetch(self, step: int) -> None:
        """Nothing: sampling and updating share one device."""

    def wait(self) -> None:
        """Nothing is under way."""

    def discard(self) -> None:
        """Nothing is kept."""

    def sample_groups(self, problems: int, seed: int) -> list[Group]:
        """Graded completions of so many training problems that fit the context; ``seed`` decides which."""
        items = list(islice(self._fitting_items(seed), problems))
        sampling = self.sampling
        return self.grader.sample_and_grade(
            items, sampling.group, max_tokens=sampling.max_tokens, temperature=sampling.temperature, seed=seed
        )

    def _fitting_items(self, seed: int) -> Iterator[Item]:
        """Raises ConfigError where no problem fits; a task may be endless."""
        idle, fits = 0, False
        for item in self.grader.task.items("train", seed=seed):
            if self.grader.fits(item, self.sampling.max_tokens):
                idle, fits = 0, True
                yield item
                continue
            self._too_long += 1
            idle += 1
            if idle == MAX_IDLE_DRAWS:
                break
        if not fits:
            raise ConfigError(
                f"no training problem of {self.grader.task.name} fits: with completions of "
                f"{self.sampling.max_tokens} tokens all exceed the context of {self.grader.sampler.max_context}",
                "lower sampling.max_tokens, or choose shorter problems",
            )


class DynamicSampler(GroupSampler):
    """Dynamic sampling (DAPO, section 3.2): groups whose rewards are all equal have no gradient, so other problems are
    sampled in their place, for at most ``sampling.rounds`` rounds. Equal groups fill up what is still missing then.
    """

    sampling: SamplingConfig

    def __init__(self, grader: Grader, sampling: SamplingConfig, seed: int) -> None:
        super().__init__(grader, sampling, seed)

    def collect(self, step: int) -> SampledBatch:
        rounds, wanted, self._too_long = self.sampling.rounds, self.sampling.prompts, 0
        sampled: list[Group] = []
        mixed: list[Group] = []
        for number in range(rounds):
            groups = self.sample_groups(wanted - len(mixed), (self.seed * 1_000_003 + step) * rounds + number)
            sampled += groups
            mixed += [group for group in groups if not has_equal_rewards(group)]
            if len(mixed) == wanted:
                break
        equal = [group for group in sampled if has_equal_rewards(group)]
        return SampledBatch(mixed + equal[: wanted - len(mixed)], sampled, too_long=self._too_long)


class AsyncSampler:
    """Samples the next step's groups with a copy of the weights on ``device`` while the update of this step runs.

    Prefetched groups come from the weights before that update, so they are one step old when they are learned from,
    and the ratio compares with the log-probabilities that they were sampled with. At most one batch is prefetched. A
    queue of batches was refused, because staleness is what makes off-policy learning fail. Without a second device
    there is nothing to gain: sampling and update would share the same cores.
    """

    def __init__(
        self,
        model: Transformer,
        device: torch.device,
        sampler_of: Callable[[Transformer], GroupSampler],
        world: World = ALONE,
    ) -> None:
        """``sampler_of`` makes the sampler of the copy. Raises ConfigError with several ranks."""
        if world.size > 1:
            raise ConfigError("one process alone can sample ahead", "set sampling.overlap=0, or leave out --ranks")
        self._model = model
        self._copy = copy.deepcopy(model).eval().requires_grad_(False).to(device)
        self._sampler = sampler_of(self._copy)
        self._pending: BackgroundCall[tuple[int, SampledBatch]] = BackgroundCall()

    def collect(self, step: int) -> SampledBatch:
        prefetched = self._pending.result()
        if prefetched is None:  # the first step, or the first after a resume
            self._copy_weights()
            prefetched = step, self._sampler.collect(step)
        policy_step, batch = prefetched
        return replace(batch, staleness=step - policy_step)

    def prefetch(self, step: int) -> None:
        self._copy_weights()
        self._pending.start(lambda: (step - 1, self._sampler.collect(step)))

    @property
    def is_sampling(self) -> bool:
        """Whether a batch is being sampled in the background."""
        return self._pending.is_running

    def wait(self) -> None:
        self._pending.wait()

    def discard(self) -> None:
        self._pending.result()

    def _copy_weights(self) -> None:
        """Only while nothing is being sampled."""
        self._copy.load_state_dict(self._model.state_dict())
        self._sampler.grader.sampler.refresh()


class BackgroundCall(Generic[Result]):
    """At most one function call in a thread of its own, which ends with the process. torch releases the interpreter
    while it computes.
    """

    def __init__(self) -> None:
        self._thread: threading.Thread | None = None
        self._outcome: Result | BaseException | None = None

    def start(self, function: Callable[[], Result]) -> None:
        """Call ``function`` in the background. The result of the call before must have been taken."""
        assert self._thread is None

        def run() -> None:
            try:
                self._outcome = function()
            except BaseException as error:  # raised again by result()
                self._outcome = error

        self._thread = threading.Thread(target=run, name="prefetch", daemon=True)
        self._thread.start()

    @property
    def is_running(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    def wait(self) -> None:
        """Block until the call is done, if there is one."""
        if self._thread is not None:
            self._thread.join()

    def result(self) -> Result | None:
        """Wait for the result and take it; None where nothing was started. Raises what the call raised."""
        if self._thread is None:
            return None
        self.wait()
        outcome, self._thread, self._outcome = self._outcome, None, None
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome


def has_equal_rewards(group: Group) -> bool:
    """Whether all members of the group have the same reward: then every advantage is 0."""
    return bool(zero_variance(torch.tensor([[member.reward for member in group.members]]))[0])


def equal_reward_share(groups: Sequence[Group]) -> float:
    """The share of groups whose rewards are all equal."""
    return sum(map(has_equal_rewards, groups)) / len(groups)
