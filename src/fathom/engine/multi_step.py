"""Multi-step decoding: several tokens of many sequences before the engine looks at them again.

Between two steps the engine handles every sequence by itself: text, stops, pages, chunks. A small model computes no
longer than that, and reinforcement learning needs none of it. So sequences that ask only for tokens and their
log-probabilities take several steps at a time, as rows of arrays from which finished ones are removed. Results are
those of single steps: the same model, cache and sampler, and random numbers that are a hash of seed, completion and
position.

    B sequences · K steps · M pages of a sequence · V vocabulary
"""

from __future__ import annotations

from collections.abc import Sequence as Rows
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from fathom.engine.cache import PagedCache, PagedContext
from fathom.engine.fused_decode import FusedDecode
from fathom.engine.request import TokenLogprob
from fathom.engine.routing_trace import RoutingTrace, trace_routing
from fathom.engine.sampler import SampledTokens, apply_temperature, draw, uniforms
from fathom.engine.sequence import Sequence

if TYPE_CHECKING:
    from fathom.engine.runner import LanguageModel

Ints = npt.NDArray[np.int64]


def can_multi_step(sequence: Sequence) -> bool:
    """Whether a sequence asks only for tokens: no text, and nothing that changes logits but the temperature."""
    params = sequence.request.sampling
    return (
        sequence.generated > 0
        and sequence.pending == 1
        and sequence.transcript.is_silent
        and sequence.counts is None
        and sequence.seen is None
        and not params.logprobs
        and not params.logit_bias
        and sequence.generated >= params.min_tokens
        and (params.top_k, params.top_p, params.min_p) == (0, 1.0, 0.0)
    )


@torch.inference_mode()
def multi_step_decode(
    model: LanguageModel,
    cache: PagedCache,
    rows: Rows[Sequence],
    steps: int,
    vocab_limit: int,
    fused: FusedDecode | None = None,
    trace: RoutingTrace | None = None,
) -> list[SampledTokens]:
    """Up to ``steps`` tokens of every row, each below ``vocab_limit``. The rows hold pages for all of them and share
    one set of end tokens. A value that is not finite stops all rows before it is used: earlier tokens are returned, and
    the engine's next single step meets it again. ``fused``, refreshed, replaces the model's forward.
    """
    state = _State(cache, rows, steps)
    out_ids = np.zeros((steps, len(rows)), dtype=np.int64)
    out_logprobs = np.zeros((steps, len(rows)))
    for step in range(steps):
        if fused is not None:
            sampled, logprobs = fused.step(
                state.tokens, state.positions, state.tables, state.temperature, state.uniforms[step], vocab_limit
            )
        else:
            context = state.context()
            with trace_routing(trace, context):
                hidden = model.hidden_states(state.tokens, state.positions, context)[0]  # (B, D)
            sampled, logprobs = _sample(model.logits(hidden).float(), state, state.uniforms[step], vocab_limit)
        ids, values = torch.stack((sampled.double(), logprobs.double())).cpu().numpy()  # one transfer
        if not np.isfinite(values).all():
            break
        ids = ids.astype(np.int64)
        out_ids[step, state.places], out_logprobs[step, state.places] = ids, values
        if not state.advance(ids):
            break
    return [
        _sampled_tokens(row, out_ids[:count, place].tolist(), out_logprobs[:count, place].tolist())
        for place, (row, count) in enumerate(zip(rows, state.counts.tolist(), strict=True))
    ]


def _sampled_tokens(row: Sequence, ids: list[int], logprobs: list[float]) -> SampledTokens:
    has_logprobs = row.request.sampling.logprobs is not None
    return SampledTokens(ids, list(map(TokenLogprob, ids, logprobs)) if has_logprobs else [])


def _sample(logits: Tensor, state: _State, uniforms: Tensor, vocab_limit: int) -> tuple[Tensor, Tensor]:
    """(B) token ids, sampled, or the most likely where the temperature is 0; and their log-probabilities (B)."""
    if state.is_plain and vocab_limit == logits.shape[1]:
        probs = logits.softmax(-1)  # one pass over a large vocabulary serves both
        chosen = draw(probs, uniforms)
        return chosen, probs.gather(1, chosen[:, None])[:, 0].log()
    logprobs = logits.log_softmax(-1)
    logits[:, vocab_limit:] = float("-inf")
    greedy = state.temperature == 0
    chosen = draw(apply_temperature(logits, state.temperature + greedy), uniforms)
    if bool(greedy.any()):
        chosen = logits.argmax(-1).where(greedy, chosen)
    return chosen, logprobs.gather(1, chosen[:, None])[:, 0]


class _State:
    """The unfinished rows, as arrays; ``places`` are their indices among all rows."""

    def __init__(self, cache: PagedCache, rows: Rows[Sequence], steps: int) -> None:
        self._cache = cache
        self._device = cache.keys[0].device
        self._ends = np.array(sorted(rows[0].transcript.ends), dtype=np.int64)
        self.places = np.arange(len(rows))
        self.counts = np.zeros(len(rows), dtype=np.int64)  # tokens taken, of all rows
        width = max(len(row.pages) for row in rows)
        self._tables = np.zeros((len(rows), width), dtype=np.int32)  # (B, M)
        for place, row in enumerate(rows):
            self._tables[place, : len(row.pages)] = row.pages
        self._left = np.array([row.limit - len(row.tokens) for row in rows])
        self._lengths = np.array([len(row.tokens) for row in rows], dtype=np.int32)
        self._last = np.array([row.tokens[-1] for row in rows])
        self.temperature = torch.tensor([row.request.sampling.temperature for row in rows], device=self._device)
        self.is_plain = bool((self.temperature == 1).all())
        self.uniforms = torch.from_numpy(
            uniforms([row.seed for row in rows], [row.index for row in rows], [row.generated for row in rows], steps)
        ).to(self._device)  # (K, B)
        self._upload()

    def _upload(self) -> None:
        """Copy the tables to the device, after rows were removed."""
        self._starts = torch.arange(len(self.places) + 1, dtype=torch.int32, device=self._device)
        self.tables = torch.from_numpy(self._tables).to(self._device)

    @property
    def tokens(self) -> Tensor:
        return torch.from_numpy(self._last).to(self._device)[None]  # (1, B)

    @property
    def positions(self) -> Tensor:
        return torch.from_numpy(self._lengths - 1).to(self._device)[None]  # (1, B)

    def context(self) -> PagedContext:
        size = self._cache.page_size
        position = self._lengths.astype(np.int64) - 1
        slots = self._tables[np.arange(len(position)), position // size].astype(np.int64) * size + position % size
        lengths = torch.from_numpy(self._lengths).to(self._device)
        return PagedContext(
            self._cache,
            slots=torch.from_numpy(slots).to(self._device),
            tables=self.tables,
            starts=self._starts,
            lengths=lengths,
            totals=lengths[None],
        )

    def advance(self, ids: Ints) -> bool:
        """Take one token a row; whether any row is unfinished."""
        self.counts[self.places] += 1
        self._last = ids
        self._lengths = self._lengths + 1  # a new array: tensors of the last step may share the old one
        self._left -= 1
        stay = ~np.isin(ids, self._ends) & (self._left > 0)
        if not stay.all():
            self._remove_finished(stay)
        return len(self.places) > 0

    def _remove_finished(self, stay: npt.NDArray[np.bool_]) -> None:
        self.places, self._left, self._lengths = self.places[stay], self._left[stay], self._lengths[stay]
        self._last, self._tables = self._last[stay], self._tables[stay]
        chosen = torch.from_numpy(np.flatnonzero(stay)).to(self._device)
        self.temperature, self.uniforms = self.temperature[chosen], self.uniforms[:, chosen]
        self._upload()
