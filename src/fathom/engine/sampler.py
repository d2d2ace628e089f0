"""Sampling: logits to tokens, for all rows of a step at once.

The order is: repetition, frequency and presence penalties; logit bias; grammar; temperature; top-k; top-p over what
top-k left; min-p. The rest is sampled by inverting its cumulative distribution, in vocabulary order, at a uniform
number that is a hash of (seed, completion, position): there is no generator state, so a seeded completion is the same
alone, in a batch, and after a preemption. With ``torch.multinomial`` it would depend on the row's place in the batch.

Reported log-probabilities are those of the model itself, before any of the above.

    R rows · V vocabulary · W candidates considered
"""

from __future__ import annotations

from collections.abc import Sequence as Rows
from dataclasses import dataclass, field
from math import isfinite

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from fathom.base.errors import FathomError, GenerationError, GrammarError
from fathom.engine.request import TokenLogprob
from fathom.engine.sequence import Sequence

_MASK = (1 << 64) - 1
_GOLDEN, _FIRST, _SECOND = 0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB
_WIDE, _SEGMENT = 4096, 256
"""Vocabularies of at least the first size are sampled in segments of the second."""
_BELOW_ONE = 1 - 2**-53
_BAN = 1e4
"""Beyond any difference of logits, and finite: where a grammar allows banned tokens only, one of them is chosen."""
_CANDIDATES = 1024
"""So many most likely tokens are considered first: a nucleus is rarely wider, and sorting a vocabulary is slow."""


@dataclass(frozen=True, slots=True)
class SampledTokens:
    """The tokens that a step chose for one sequence, in order: one after a single step, several after multi-step.

    ``logprobs`` has one entry a token where the request asks for it. ``error``: why no token could be chosen.
    """

    token_ids: list[int]
    logprobs: list[TokenLogprob] = field(default_factory=list)
    error: FathomError | None = None


def _not_finite() -> GenerationError:
    return GenerationError("the model gave numbers that are not finite", "try another dtype or other weights")


def _mix(value: int) -> int:
    """The finalizer of SplitMix64: every input bit reaches every output bit."""
    value = (value + _GOLDEN) & _MASK
    value = ((value ^ (value >> 30)) * _FIRST) & _MASK
    value = ((value ^ (value >> 27)) * _SECOND) & _MASK
    return value ^ (value >> 31)


def uniform(seed: int, index: int, position: int) -> float:
    """A number in [0, 1) for the token at ``position`` of completion ``index``."""
    return (_mix(_mix(_mix(seed & _MASK) ^ index) ^ position) >> 32) / (1 << 32)


def uniforms(seeds: Rows[int], indices: Rows[int], positions: Rows[int], steps: int) -> npt.NDArray[np.float64]:
    """(steps, R): `uniform` for each row at its position and those that follow."""
    own = np.array([_mix(_mix(s & _MASK) ^ i) for s, i in zip(seeds, indices, strict=True)], dtype=np.uint64)
    value = own ^ (np.array(positions, dtype=np.uint64) + np.arange(steps, dtype=np.uint64)[:, None])
    value = value + np.uint64(_GOLDEN)  # arrays wrap around at 64 bits
    value = (value ^ (value >> np.uint64(30))) * np.uint64(_FIRST)
    value = (value ^ (value >> np.uint64(27))) * np.uint64(_SECOND)
    value = value ^ (value >> np.uint64(31))
    return (value >> np.uint64(32)).astype(np.float64) / (1 << 32)


@torch.inference_mode()
def sample(logits: Tensor, rows: Rows[Sequence], limit: int) -> list[SampledTokens]:
    """The next token of each row, below ``limit``: a padded vocabulary ends in ids without a token.

    logits (R, V) float32; they may be overwritten.
    """
    sums = logits.sum(-1)  # (R): one pass finds NaN and infinities
    reported = [r for r, sequence in enumerate(rows) if sequence.request.sampling.logprobs is not None]
    logprobs = logits[reported].log_softmax(-1) if reported else None  # (len(reported), V)
    if limit < logits.shape[1]:
        logits[:, limit:] = float("-inf")
    apply_penalties(logits, rows)
    apply_biases(logits, rows)
    errors = apply_grammars(logits, rows)
    chosen, totals = torch.stack((select_tokens(logits, rows).double(), sums.double())).tolist()  # one transfer
    tokens = [int(token) for token in chosen]
    errors.update((r, _not_finite()) for r, total in enumerate(totals) if not isfinite(total))
    sampled = [SampledTokens([], error=errors[r]) if r in errors else SampledTokens([t]) for r, t in enumerate(tokens)]
    if logprobs is not None:
        alternatives = [rows[r].request.sampling.logprobs or 0 for r in reported]
        entries = token_logprobs(logprobs, [tokens[r] for r in reported], alternatives)
        for r, logprob in zip(reported, entries, strict=True):
            sampled[r].logprobs.append(logprob)
    return sampled


def token_logprobs(logprobs: Tensor, tokens: list[int], alternatives: list[int]) -> list[TokenLogprob]:
    """Log-probabilities of ``tokens`` beside the best ``alternatives[r]`` of each row. logprobs (R, V)."""
    chosen = logprobs.gather(1, torch.tensor(tokens, device=logprobs.device)[:, None])[:, 0].tolist()
    if not any(alternatives):
        return [TokenLogprob(token, logprob) for token, logprob in zip(tokens, chosen, strict=True)]
    values, ids = logprobs.topk(min(max(alternatives), logprobs.shape[1]), dim=-1)
    best = zip(ids.tolist(), values.tolist(), strict=True)
    return [
        TokenLogprob(token, logprob, tuple(zip(row_ids[:count], row_values[:count], strict=True)))
        for token, logprob, count, (row_ids, row_values) in zip(tokens, chosen, alternatives, best, strict=True)
    ]


def apply_penalties(logits: Tensor, rows: Rows[Sequence]) -> None:
    """Repetition over prompt and completion (arXiv 1909.05858, section 4.1), frequency and presence over the latter.

    Touches only the tokens concerned: (row, token) pairs of the whole batch in one gather and one scatter each.
    """
    repeated = [(r, sequence) for r, sequence in enumerate(rows) if sequence.seen]
    if repeated:
        row = [r for r, sequence in repeated for _ in sequence.seen or ()]
        token = [t for _, sequence in repeated for t in sequence.seen or ()]
        factor = [s.request.sampling.repetition_penalty for _, s in repeated for _ in s.seen or ()]
        at, by = torch.tensor((row, token), device=logits.device), logits.new_tensor(factor)
        value = logits[at[0], at[1]]
        logits[at[0], at[1]] = torch.where(value > 0, value / by, value * by)
    counted = [(r, sequence) for r, sequence in enumerate(rows) if sequence.counts]
    if counted:
        row = [r for r, sequence in counted for _ in sequence.counts or ()]
        token = [t for _, sequence in counted for t in sequence.counts or ()]
        amount = [
            s.request.sampling.frequency_penalty * count + s.request.sampling.presence_penalty
            for _, s in counted
            for count in (s.counts or {}).values()
        ]
        at = torch.tensor((row, token), device=logits.device)
        logits[at[0], at[1]] -= logits.new_tensor(amount)


def apply_biases(logits: Tensor, rows: Rows[Sequence]) -> None:
    """Add each row's logit bias, or ban all but the tokens at 100; ban end tokens before ``min_tokens``."""
    added: list[tuple[int, int, float]] = []  # row, token, amount
    for r, sequence in enumerate(rows):
        params = sequence.request.sampling
        forced = [token for token, bias in params.logit_bias if bias >= 100]
        if forced:
            kept = logits[r, forced]
            logits[r] -= _BAN
            logits[r, forced] = kept
        else:
            added += ((r, token, bias if bias > -100 else -_BAN) for token, bias in params.logit_bias)
        if sequence.generated < params.min_tokens:
            added += ((r, token, -_BAN) for token in sequence.transcript.ends if token < logits.shape[1])
    if added:
        row, token, amount = zip(*added, strict=True)
        at = torch.tensor((row, token), device=logits.device)
        logits.index_put_((at[0], at[1]), logits.new_tensor(amount), accumulate=True)


def apply_grammars(logits: Tensor, rows: Rows[Sequence]) -> dict[int, FathomError]:
    """Set the logits of tokens that a row's grammar forbids to minus infinity; the errors of grammars that failed, by
    row: a parser that exceeds its limits ends one request, not all that share its step.
    """
    errors: dict[int, FathomError] = {}
    for r, sequence in enumerate(rows):
        grammar = sequence.transcript.grammar
        if grammar is None:
            continue
        try:
            allowed = torch.from_numpy(grammar.allowed_tokens()).to(logits.device)
        except GrammarError as error:
            errors[r] = error
        else:
            size = min(len(allowed), logits.shape[1])  # a tokenizer may have tokens beyond the model's, or fewer
            logits[r, :size].masked_fill_(~allowed[:size], float("-inf"))
            logits[r, size:] = float("-inf")
    return errors


def select_tokens(logits: Tensor, rows: Rows[Sequence]) -> Tensor:
    """(R) token ids: the most likely where temperature is 0, else sampled."""
    stochastic = [r for r, sequence in enumerate(rows) if sequence.request.sampling.temperature > 0]
    if not stochastic:
        return logits.argmax(-1)
    sampling = [rows[r].request.sampling for r in stochastic]
    all_stochastic = len(stochastic) == len(rows)
    scores = logits if all_stochastic else logits[stochastic]
    probs = apply_temperature(scores, scores.new_tensor([p.temperature for p in sampling]))  # (R, V)
    filtered = [i for i, p in enumerate(sampling) if p.top_k > 0 or p.top_p < 1]
    floor = [p.min_p for p in sampling]
    if any(floor):
        least = probs.amax(-1, keepdim=True) * probs.new_tensor(floor)[:, None]
    if filtered:
        chosen = [sampling[i] for i in filtered]
        filtered_probs = apply_top_k_top_p(probs[filtered], [p.top_k for p in chosen], [p.top_p for p in chosen])
        probs = probs.index_copy(0, torch.tensor(filtered, device=probs.device), filtered_probs)
    if any(floor):
        probs = probs.masked_fill(probs < least, 0)
    random = [uniform(rows[r].seed, rows[r].index, rows[r].generated) for r in stochastic]
    tokens = draw(probs, torch.tensor(random, dtype=torch.float64, device=probs.device))
    if all_stochastic:
        return tokens
    return logits.argmax(-1).index_copy(0, torch.tensor(stochastic, device=tokens.device), tokens)


def apply_temperature(scores: Tensor, temperature: Tensor) -> Tensor:
    """Probabilities (R, V) of scores (R, V) at temperatures (R): the maximum goes first, so that a tiny one cannot
    overflow.
    """
    return ((scores - scores.amax(-1, keepdim=True)) / temperature[:, None]).softmax(-1)


def apply_top_k_top_p(probs: Tensor, top_k: list[int], top_p: list[float], candidates: int = _CANDIDATES) -> Tensor:
    """Zero all but the top-k tokens and, of these, the fewest whose share reaches top-p. (R, V) → (R, V)."""
    vocab = probs.shape[-1]
    counts = [min(k or vocab, vocab) for k in top_k]
    open_rows = any(k == 0 for k in top_k)
    width = min(vocab, max((k for k in top_k if k), default=0))
    width = min(vocab, max(width, candidates)) if open_rows else width
    value, ids = probs.topk(width, dim=-1)  # (R, W), best first
    excluded = torch.arange(width, device=probs.device) >= torch.tensor(counts, device=probs.device)[:, None]
    value = value.masked_fill(excluded, 0)
    mass = value.cumsum(-1, dtype=torch.float64)  # (R, W)
    limit = torch.tensor(top_p, dtype=torch.float64, device=probs.device)[:, None]
    is_open = torch.tensor([k == 0 for k in top_k], device=probs.device)[:, None]
    total = torch.where(is_open, probs.sum(-1, keepdim=True, dtype=torch.float64), mass[:, -1:])
    if width < vocab and bool((is_open & (mass[:, -1:] < limit * total)).any()):
        return apply_top_k_top_p(probs, top_k, top_p, vocab)
    keep = mass - value < limit * total  # the mass before a token has not reached top-p yet
    keep[:, 0] = True
    return torch.zeros_like(probs).scatter(1, ids, value * keep)


def draw(probs: Tensor, uniforms: Tensor) -> Tensor:
    """The first token whose cumulative probability exceeds the number. probs (R, V), not normalized; uniforms (R)."""
    if probs.shape[1] >= _WIDE and probs.shape[1] % _SEGMENT == 0:
        return _draw_wide(probs, uniforms)
    return _invert(probs, uniforms)[0]


def _invert(probs: Tensor, uniforms: Tensor) -> tuple[Tensor, Tensor]:
    """That token, and the position of the number within the token's own probability: in [0, 1)."""
    cumulative = probs.double().cumsum(-1)  # not cumsum(dtype=…), which converts element by element
    target = uniforms[:, None] * cumulative[:, -1:]
    # right=True: a token of probability zero has the sum of the token before it, and so is never first
    token = torch.searchsorted(cumulative, target, right=True).clamp_(max=probs.shape[-1] - 1)  # (R, 1)
    own = probs.gather(1, token).double()
    inside = (target - (cumulative.gather(1, token) - own)) / own
    return token[:, 0], inside[:, 0].clamp_(0, _BELOW_ONE)


def _draw_wide(probs: Tensor, uniforms: Tensor) -> Tensor:
    """The same for a large vocabulary: first the segment, then the token in it, so that only sums of segments and one
    segment pass through double precision.
    """
    segments = probs.unflatten(1, (-1, _SEGMENT))  # (R, V / segment, segment)
    segment, inside = _invert(segments.sum(-1), uniforms)
    token, _ = _invert(segments[torch.arange(len(probs), device=probs.device), segment], inside)
    return segment * _SEGMENT + token
