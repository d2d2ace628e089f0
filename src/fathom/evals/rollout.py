"""Completions to learn from, sampled by the engine on the very weights that are being trained.

There is no second copy of the model and no synchronization: the engine holds the trainer's module, and `refresh` after
an update drops the one thing that has aged, its prefix cache. Tokens are all that is asked of it: no tokenizer, so no
text is assembled. The completions of a prompt share its full pages.

The trainer knows this file's protocol only, so rollouts may as well come from other machines.
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

Prompt = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Rollout:
    """One sampled completion. ``logprobs`` are the sampling policy's own, at temperature 1, one a token.

    ``completion_ids`` include the end token; without one the completion was truncated: ``finish_reason`` "length".
    ``experts`` (L, T, K) of each layer with experts are those that every token but the last went to, the prompt's
    included; None: nobody kept them.
    """

    prompt_ids: Prompt
    completion_ids: tuple[int, ...]
    logprobs: tuple[float, ...]
    finish_reason: FinishReason
    experts: npt.NDArray[np.int16] | None = field(default=None, compare=False, repr=False)

    @property
    def truncated(self) -> bool:
        return self.finish_reason == "length"


class RolloutSampler(Protocol):
    """Whoever samples."""

    def sample(
        self, prompts: Sequence[Prompt], count: int, *, max_tokens: int, temperature: float, seed: int, first: int = 0
    ) -> list[list[Rollout]]:
        """``count`` completions of each prompt, in order; the same arguments and weights give the same completions.

        ``first`` is the number of the first prompt, where others sample the ones before it: what is drawn for a prompt
        depends on its number, not on who draws.
        """
        ...

    def refresh(self) -> None:
        """The weights have changed."""
        ...


@dataclass(slots=True)
class _Partial:
    tokens: list[int] = field(default_factory=list)
    logprobs: list[float] = field(default_factory=list)
    reason: FinishReason | None = None
    experts: npt.NDArray[np.int16] | None = None


class EngineSampler:
    """Rollouts from our engine on ``model``, which may be training: nothing is copied, nothing needs a gradient here.

    ``max_context`` bounds prompt and completion together. ``sequences`` run at a time: on small models the cost of a
    step hardly depends on their number, so wide is fast. ``page_size`` in tokens: a prompt's full pages are computed
    once for its whole group, so it should not exceed the prompt. ``burst`` steps are taken between two looks at every
    single sequence (:mod:`fathom.engine.multi_step`).
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
        burst: int = 64,
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
            burst=burst,
            record_experts=True,
            attention_threads=1,  # a model that learns computes with torch's threads, and two pools fight for the cores
        )
        self._core = EngineCore(model, None, config)

    def sample(
        self, prompts: Sequence[Prompt], count: int, *, max_tokens: int, temperature: float, seed: int, first: int = 0
    ) -> list[list[Rollout]]:
        """Raises RequestError where a prompt leaves less than ``max_tokens`` of the context: a completion that is cut
        off by the engine rather than by its own limit would be a reward of 0 that nobody asked for.
        """
        partial: dict[str, list[_Partial]] = {}
        longest = max(map(len, prompts), default=0)
        if longest + max_tokens > self._core.max_context:
            raise RequestError(
                f"a prompt of {longest} tokens and a completion of {max_tokens} exceed the context of "
                f"{self._core.max_context}",
                "lower sampling.max_tokens, or leave out prompts of that length",
            )
        for place, prompt in enumerate(prompts):
            sampling = SamplingParams(
                n=count, max_tokens=max_tokens, temperature=temperature, seed=_seed(seed, first + place), logprobs=0
            )
            request = Request(prompt, sampling, id=str(place))
            self._core.validate(request)
            partial[request.id] = [_Partial() for _ in range(count)]
            self._core.add(request)
        try:
            while self._core.has_work:
                self._step(partial)
        finally:
            self._core.cancel_all()
        return [[_to_rollout(prompt, one) for one in partial[str(place)]] for place, prompt in enumerate(prompts)]

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


def _seed(seed: int, place: int) -> int:
    """Prompts of one call, and calls with neighbouring seeds, draw from different streams."""
    return seed * 1_000_003 + place


def _to_rollout(prompt: Prompt, one: _Partial) -> Rollout:
    assert one.reason is not None
    return Rollout(prompt, tuple(one.tokens), tuple(one.logprobs), one.reason, one.experts)
