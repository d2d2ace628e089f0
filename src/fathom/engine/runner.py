"""The forward of a step: tokens of all sequences in one ragged row, logits only where a token is sampled."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import accumulate
from typing import NamedTuple, Protocol

import numpy as np
import torch
from torch import Tensor

from fathom.engine.cache import PagedCache, PagedContext
from fathom.engine.fused_decode import FusedDecode
from fathom.engine.multi_step import multi_step_decode
from fathom.engine.request import TokenLogprob
from fathom.engine.routing_trace import RoutingTrace, trace_routing
from fathom.engine.sampler import SampledTokens, sample, token_logprobs
from fathom.engine.scheduler import ScheduledTokens
from fathom.model.config import ModelConfig
from fathom.model.context import AttentionContext, CacheSpec

_SCORED_ROWS = 128
"""Rows of logits in memory while a prompt is scored: vocabulary × whole prompt would not fit."""

_MIN_FUSED_STEPS = 4
"""Steps at once that repay a copy of the weights for the kernel."""


class LanguageModel(Protocol):
    """The engine's interface to a model; ``fathom.model.transformer.Transformer`` implements it, quantized or not."""

    config: ModelConfig

    def hidden_states(
        self, tokens: Tensor, positions: Tensor | None = None, context: AttentionContext | None = None
    ) -> Tensor:
        """(B, T) → (B, T, D) after the final norm."""
        ...

    def logits(self, hidden: Tensor) -> Tensor:
        """(…, D) → (…, V)."""
        ...

    def parameters(self) -> Iterator[torch.nn.Parameter]:
        """The first floating-point one has the device and dtype."""
        ...

    def cache_specs(self, absorbed: bool = True) -> list[CacheSpec]:
        """One per layer."""
        ...


class StepOutput(NamedTuple):
    """What a step computed, for each scheduled sequence in order.

    ``sampled`` is None where tokens of the prompt are still to be computed. ``prompt_logprobs``, by index in the step:
    of the tokens that follow each computed one, where a request asks for scores of its prompt.
    """

    sampled: list[SampledTokens | None]
    prompt_logprobs: dict[int, list[TokenLogprob]]


class Runner:
    """Builds the tensors of a step, runs the model over them, and samples."""

    def __init__(self, model: LanguageModel, cache: PagedCache, trace: RoutingTrace | None = None) -> None:
        self._model = model
        self._cache = cache
        self._trace = trace
        self._device = cache.keys[0].device
        self._fused = FusedDecode(model, cache.keys, trace)

    def step(self, work: list[ScheduledTokens], steps: int, vocab_limit: int) -> StepOutput:
        """Compute ``work`` and sample below ``vocab_limit``; with ``steps`` > 1 so many tokens of each sequence."""
        if steps > 1:
            several = self._multi_step(work, steps, vocab_limit)
            if any(sampled.token_ids for sampled in several):
                return StepOutput([*several], {})
            # not finite from the start: a single step finds the sequences at fault
        logits, scores = self.run(work)
        ready = [item.sequence for item in work if item.length == item.sequence.pending]
        samples = iter(sample(logits, ready, vocab_limit) if ready else [])
        return StepOutput([next(samples) if length == one.pending else None for one, length in work], scores)

    @torch.inference_mode()
    def run(self, work: list[ScheduledTokens]) -> tuple[Tensor, dict[int, list[TokenLogprob]]]:
        """Logits (R, V) float32 of the sequences that complete their tokens, in order; and, by index in ``work``, the
        log-probabilities of the tokens that follow each computed one, where a request asks to have its prompt scored.
        """
        tokens, positions, context = self._build_batch(work)
        with trace_routing(self._trace, context):
            hidden = self._model.hidden_states(tokens, positions, context)[0]  # (T, D)
        ends = list(accumulate(item.length for item in work))
        last = [end - 1 for item, end in zip(work, ends, strict=True) if item.length == item.sequence.pending]
        logits = self._logits(hidden if len(last) == len(hidden) else hidden[last])
        scores = {
            index: self._score(item, hidden[end - item.length : end])
            for index, (item, end) in enumerate(zip(work, ends, strict=True))
            if item.sequence.request.prompt_logprobs and item.sequence.generated == 0
        }
        return logits, scores

    def _multi_step(self, work: list[ScheduledTokens], steps: int, vocab_limit: int) -> list[SampledTokens]:
        """Up to ``steps`` tokens of every sequence: see `fathom.engine.multi_step`."""
        sequences = [sequence for sequence, _ in work]
        fused = self._fused if steps >= _MIN_FUSED_STEPS and self._fused.refresh() else None
        return multi_step_decode(self._model, self._cache, sequences, steps, vocab_limit, fused, self._trace)

    def _logits(self, hidden: Tensor) -> Tensor:
        """(R, V) float32 of hidden (R, D); a step in the middle of a prompt has no rows."""
        if not len(hidden):
            return hidden.new_empty(0, self._model.config.vocab_size, dtype=torch.float32)
        return self._model.logits(hidden).float()

    def _build_batch(self, work: list[ScheduledTokens]) -> tuple[Tensor, Tensor, PagedContext]:
        size = self._cache.page_size
        tokens: list[int] = []
        positions: list[int] = []
        slots: list[int] = []
        for sequence, count in work:
            computed = range(sequence.computed, sequence.computed + count)
            tokens += sequence.tokens[computed.start : computed.stop]
            positions += computed
            slots += [sequence.pages[position // size] * size + position % size for position in computed]
        lengths = [sequence.computed + count for sequence, count in work]
        width = -(-max(lengths) // size)
        tables = np.zeros((len(work), width), dtype=np.int32)
        for row, (sequence, _) in enumerate(work):
            pages = sequence.pages[:width]
            tables[row, : len(pages)] = pages
        starts = np.zeros(len(work) + 1, dtype=np.int32)
        np.cumsum([count for _, count in work], out=starts[1:])
        batch = torch.tensor((tokens, positions, slots), device=self._device)  # (3, T)
        context = PagedContext(
            self._cache,
            slots=batch[2],
            tables=torch.from_numpy(tables).to(self._device),
            starts=torch.from_numpy(starts).to(self._device),
            lengths=torch.tensor(lengths, dtype=torch.int32, device=self._device),
            totals=self._totals(work),
        )
        return batch[0:1], batch[1:2], context

    def _totals(self, work: list[ScheduledTokens]) -> Tensor | None:
        """The number of tokens of each token's sequence, (1, T), where the model's rotations depend on it."""
        if self._model.config.short_length is None:
            return None
        totals = [len(sequence.tokens) for sequence, count in work for _ in range(count)]
        return torch.tensor([totals], device=self._device)

    def _score(self, item: ScheduledTokens, hidden: Tensor) -> list[TokenLogprob]:
        """Of the prompt tokens that follow the computed ones. hidden (count, D)."""
        sequence = item.sequence
        following = sequence.tokens[sequence.computed + 1 : sequence.computed + item.length + 1]
        alternatives = sequence.request.sampling.logprobs or 0
        scores: list[TokenLogprob] = []
        for start in range(0, len(following), _SCORED_ROWS):
            targets = following[start : start + _SCORED_ROWS]
            logits = self._logits(hidden[start : start + len(targets)])
            scores += token_logprobs(logits.log_softmax(-1), targets, [alternatives] * len(targets))
        return scores
