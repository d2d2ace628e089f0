"""Log-probabilities of rollouts under the model that learns, with gradients: what the losses are computed from.

A batch is padded on the right, where causal attention sees nothing of it. Logits are computed for the completions'
tokens alone and in float32, the product with the head included: in bfloat16 neighbouring log-probabilities differ by
more than an update moves them (MiniMax-M1, arXiv 2506.13585, section 3.2).

    N rollouts · T tokens of the longest, prompt included · M completion tokens of all · D hidden · V vocabulary
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from fathom.model.transformer import Transformer
from fathom.train.rl.chosen import chosen_logprobs
from fathom.train.rl.rollout import Rollout


class Batch(NamedTuple):
    """Rollouts as tensors. Place t holds what is known *of* token t + 1, so there are T - 1 places."""

    tokens: Tensor  # (N, T) int64
    chosen: Tensor  # (N, T-1) bool: the policy chose token t + 1
    sampled: Tensor  # (N, T-1) float32: its log-probability when it was sampled; 0 elsewhere


class Scores(NamedTuple):
    """Of the chosen tokens; 0 elsewhere."""

    logprobs: Tensor  # (N, T-1) float32
    entropies: Tensor  # (N, T-1) float32, without gradient


def collate(rollouts: Sequence[Rollout], device: torch.device | str = "cpu") -> Batch:
    """Pad on the right. The token that pads is 0: nothing attends to it, and no loss reads it."""
    width = max(len(one.prompt_ids) + len(one.completion_ids) for one in rollouts)
    tokens = torch.zeros(len(rollouts), width, dtype=torch.int64)
    chosen = torch.zeros(len(rollouts), width - 1, dtype=torch.bool)
    sampled = torch.zeros(len(rollouts), width - 1)
    for row, one in enumerate(rollouts):
        start, stop = len(one.prompt_ids), len(one.prompt_ids) + len(one.completion_ids)
        tokens[row, :stop] = torch.tensor((*one.prompt_ids, *one.completion_ids))
        chosen[row, start - 1 : stop - 1] = True
        sampled[row, start - 1 : stop - 1] = torch.tensor(one.logprobs)
    return Batch(tokens.to(device), chosen.to(device), sampled.to(device))


def score(model: Transformer, batch: Batch, *, temperature: float = 1.0) -> Scores:
    """The log-probabilities of ``batch`` under ``model`` at the temperature it was sampled with."""
    hidden = model.hidden(batch.tokens[:, :-1])[batch.chosen]  # (M, D)
    taken, entropies = chosen_logprobs(hidden, _head_weight(model), batch.tokens[:, 1:][batch.chosen], temperature)
    return _spread(taken, entropies, batch)


def logits(model: Transformer, batch: Batch, *, temperature: float = 1.0) -> Tensor:
    """(M, V) float32: what ``model`` says of every chosen token, divided by the ``temperature``."""
    hidden = model.hidden(batch.tokens[:, :-1])  # (N, T-1, D)
    return head(model, hidden[batch.chosen]) / temperature


def scores(logprobs: Tensor, batch: Batch) -> Scores:
    """Of the tokens that were chosen, from log-probabilities (M, V) of all that could have been."""
    taken = logprobs.gather(1, batch.tokens[:, 1:][batch.chosen][:, None])[:, 0]  # (M)
    with torch.no_grad():
        entropies = -(logprobs.exp() * logprobs).sum(-1)
    return _spread(taken, entropies, batch)


def _spread(taken: Tensor, entropies: Tensor, batch: Batch) -> Scores:
    empty = torch.zeros_like(batch.sampled)
    return Scores(empty.masked_scatter(batch.chosen, taken), empty.masked_scatter(batch.chosen, entropies))


def head(model: Transformer, hidden: Tensor) -> Tensor:
    """Logits (M, V) float32 of hidden states (M, D), whatever the model computes in."""
    with torch.autocast(hidden.device.type, enabled=False):
        return F.linear(hidden.float(), _head_weight(model).float())


def _head_weight(model: Transformer) -> Tensor:
    return model.embed.weight if model.head is None else model.head.weight


def by_length(rollouts: Sequence[Rollout]) -> list[int]:
    """Places of ``rollouts``, that of the longest first."""
    return sorted(range(len(rollouts)), key=lambda place: -_length(rollouts[place]))


def pieces(rollouts: Sequence[Rollout], tokens: int, places: Sequence[int] | None = None) -> Iterator[list[int]]:
    """``places`` among ``rollouts`` (all, the longest first), divided so that each piece, padded, has at most
    ``tokens`` tokens (or one rollout).

    Rollouts of like length go together, the longest first: padding costs time, and memory runs out at once or never.
    """
    piece: list[int] = []
    for place in by_length(rollouts) if places is None else places:
        if piece and _length(rollouts[piece[0]]) * (len(piece) + 1) > tokens:
            yield piece
            piece = []
        piece.append(place)
    if piece:
        yield piece


def _length(rollout: Rollout) -> int:
    return len(rollout.prompt_ids) + len(rollout.completion_ids)
