"""Sampled completions (rollouts) for evaluation and reinforcement learning, by our engine on a model in memory.

The engine holds the very module that is being trained: there is no second copy of the weights and no synchronization.
After an update `EngineSampler.refresh` drops the prefix cache, the only state that depends on old weights. The engine
runs without a tokenizer, so it assembles no text. Completions of one prompt share its full pages.

Callers depend on the `RolloutSampler` protocol alone, so rollouts may also come from other machines.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import numpy.typing as npt

from fathom.base.errors import ConfigError, RequestError
from fathom.engine.config import EngineConfig
from fathom.engine.core import EngineCore
from fathom.engine.request import Chunk, Request, SamplingParams
from fathom.engine.runner import LanguageModel
from fathom.types import FinishReason

PromptIds = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Rollout:
    """One sampled completion. ``logprobs`` are the log-probabilities of the sampling policy at temperature 1, one per
    token.

    ``completion_ids`` include the end token; without one the completion was truncated: ``finish_reason`` "length".
    ``experts`` (L, T, K): the experts of each MoE layer that every token but the last was routed to, the prompt's
    tokens included; None where they were not recorded.
    """

    prompt_ids: PromptIds
    completion_ids: tuple[int, ...]
    logprobs: tuple[float, ...]
    finish_reason: FinishReason
    experts: npt.NDArray[np.int16] | None = field(default=None, compare=False, repr=False)

    @property
    def truncated(self) -> bool:
        return self.finish_reason == "length"


class RolloutSampler(Protocol):
    """Samples completions of prompts."""

    @property
    def max_context(self) -> int:
        """Tokens of a prompt and its completion together."""
        ...

    def sample(
        self,
        prompts: Sequence[PromptIds],
        count: int,
        *,
        max_tokens: int,
        temperature: float,
        seed: int,
        first: int = 0,
    ) -> list[list[Rollout]]:
        """``count`` completions of each prompt, in order; the same arguments and weights give the same completions.

        ``first`` is the index of the first prompt in a larger batch that several samplers share: the random numbers of
        a prompt depend on its index in that batch, not on the process that samples it.
        """
        ...

    def refresh(self) -> None:
        """Called after the weights have changed: drop what was computed from the old ones."""
        ...


@dataclass(slots=True)
class _Partial:
    tokens: list[int] = field(default_factory=list)
    logprobs: list[float] = field(default_factory=list)
    reason: FinishReason | None = None
    experts: npt.NDArray[np.int16] | None = None


class EngineSampler:
    """Rollouts from our engine on ``model``, which may be in training: weights are not copied, gradients not needed.

    ``max_context`` bounds prompt and completion together. ``sequences`` run at a time: on small models the time of a
    step hardly depends on their number. ``page_size`` in tokens: the full pages of a prompt are computed once for its
    whole group, so it should not exceed the prompt's length. ``num_scheduler_steps``: decode steps at once
    (:mod:`fathom.engine.multi_step`).
    """

    def __init__(
        self,
        model: LanguageModel,
        *,
        eos_ids: frozenset[int],
        max_context: int,
        sequences: int = 512,
        page_size: int = 8,
        batch_tokens: int = 1024,
        num_scheduler_steps: int = 64,
    ) -> None:
        if not eos_ids:
            raise ConfigError("no token ends a completion", "name the tokenizer's end token")
        config = EngineConfig(
            max_context=max_context,
            max_batch_tokens=max(batch_tokens, sequences),
            max_sequences=sequences,
            page_size=page_size,
            max_queue=1 << 30,
            eos_ids=eos_ids,
            num_scheduler_steps=num_scheduler_steps,
            record_experts=True,
            attention_threads=1,  # training uses torch's threads; a second pool would compete for the cores
        )
        self._core = EngineCore(model, None, config)

    @property
    def max_context(self) -> int:
        return self._core.max_context

    def sample(
        self,
        prompts: Sequence[PromptIds],
        count: int,
        *,
        max_tokens: int,
        temperature: float,
        seed: int,
        first: int = 0,
    ) -> list[list[Rollout]]:
        """Raises RequestError where a prompt leaves less than ``max_tokens`` of the context: a completion that the
        context truncates, rather than its own limit, would earn a reward of 0 for no fault of the policy.
        """
        partial: dict[str, list[_Partial]] = {}
        longest_prompt = max(map(len, prompts), default=0)
        if longest_prompt + max_tokens > self._core.max_context:
            raise RequestError(
                f"a prompt of {longest_prompt} tokens and a completion of {max_tokens} exceed the context of "
                f"{self._core.max_context}",
                "lower max_tokens (sampling.max_tokens in training), or leave out problems of that length",
            )
        for index, prompt in enumerate(prompts):
            sampling = SamplingParams(
                n=count, max_tokens=max_tokens, temperature=temperature, seed=_seed(seed, first + index), logprobs=0
            )
            request = Request(prompt, sampling, id=str(index))
            partial[request.id] = [_Partial() for _ in range(count)]
            self._core.add(request)
        try:
            while self._core.has_work:
                self._step(partial)
        finally:
            self._core.cancel_all()
        return [[_to_rollout(prompt, one) for one in partial[str(index)]] for index, prompt in enumerate(prompts)]

    def refresh(self) -> None:
        self._core.forget_prefixes()

    def _step(self, partial: dict[str, list[_Partial]]) -> None:
        for request_id, value in self._core.step():
            if not isinstance(value, Chunk):
                raise value
            one = partial[request_id][value.index]
            one.tokens += value.token_ids
            one.logprobs += [logprob.logprob for logprob in value.logprobs]
            one.reason = value.finish_reason or one.reason
            one.experts = value.experts


def _seed(seed: int, index: int) -> int:
    """Different random streams for the prompts of one call, and for calls with neighbouring seeds."""
    return seed * 1_000_003 + index


def _to_rollout(prompt: PromptIds, one: _Partial) -> Rollout:
    assert one.reason is not None
    return Rollout(prompt, tuple(one.tokens), tuple(one.logprobs), one.reason, one.experts)
