"""Log-probabilities of rollouts under the model that learns, with gradients: what the losses are computed from.

What is known of a batch is padded on the right; the model computes it without padding and each prompt once
(`prefix_packing`). Logits are computed for the completions' tokens alone and in float32, the product with
the head included: in bfloat16 neighbouring log-probabilities differ by more than an update moves them (MiniMax-M1,
arXiv 2506.13585, section 3.2).

    N rollouts · T tokens of the longest, prompt included · M completion tokens of all · D hidden · V vocabulary
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from fathom.evals.rollout import Rollout
from fathom.kernels.matmul import linear
from fathom.model.replay import replay
from fathom.model.transformer import Transformer
from fathom.train.rl.prefix_packing import Shared
from fathom.train.rl.token_logprobs import chosen_logprobs

_PADDED = 2
"""Places of a piece's padded rows, which attention takes, for each token that the model computes: at most."""


class RolloutBatch(NamedTuple):
    """Rollouts as tensors. Place t holds what is known *of* token t + 1, so there are T - 1 places."""

    tokens: Tensor  # (N, T) int64
    chosen: Tensor  # (N, T-1) bool: the policy chose token t + 1
    sampled: Tensor  # (N, T-1) float32: its log-probability when it was sampled; 0 elsewhere
    shared: Shared  # the same tokens as the model computes them


class Scores(NamedTuple):
    """Of the chosen tokens; 0 elsewhere."""

    logprobs: Tensor  # (N, T-1) float32
    entropies: Tensor  # (N, T-1) float32, without gradient


def collate(rollouts: Sequence[Rollout], device: torch.device | str = "cpu") -> RolloutBatch:
    """Pad on the right, with token 0, which no loss reads."""
    width = max(len(one.prompt_ids) + len(one.completion_ids) for one in rollouts)
    tokens = torch.zeros(len(rollouts), width, dtype=torch.int64)
    chosen = torch.zeros(len(rollouts), width - 1, dtype=torch.bool)
    sampled = torch.zeros(len(rollouts), width - 1)
    for row, one in enumerate(rollouts):
        start, stop = len(one.prompt_ids), len(one.prompt_ids) + len(one.completion_ids)
        tokens[row, :stop] = torch.tensor((*one.prompt_ids, *one.completion_ids))
        chosen[row, start - 1 : stop - 1] = True
        sampled[row, start - 1 : stop - 1] = torch.tensor(one.logprobs)
    return RolloutBatch(tokens.to(device), chosen.to(device), sampled.to(device), Shared(rollouts, device))


def score(model: Transformer, batch: RolloutBatch, *, temperature: float = 1.0, repeat: bool = True) -> Scores:
    """The log-probabilities of ``batch`` under ``model`` at the temperature it was sampled with. Its tokens go to the
    experts that they went to then, where that is known, unless it is not to ``repeat`` them: another model's routers
    have their own mind.
    """
    hidden = _hidden_states(model, batch, repeat=repeat)
    taken, entropies = chosen_logprobs(hidden, _head_weight(model), _tokens(batch), temperature)
    return _spread(taken, entropies, batch)


def logits(model: Transformer, batch: RolloutBatch, *, temperature: float = 1.0, repeat: bool = True) -> Tensor:
    """(M, V) float32: what ``model`` says of every chosen token, divided by the ``temperature``. ``repeat``: as for
    :func:`score`.
    """
    return head(model, _hidden_states(model, batch, repeat=repeat)) / temperature


def scores(logprobs: Tensor, batch: RolloutBatch) -> Scores:
    """Of the tokens that were chosen, from log-probabilities (M, V) of all that could have been."""
    taken = logprobs.gather(1, _tokens(batch)[:, None])[:, 0]  # (M)
    with torch.no_grad():
        entropies = -(logprobs.exp() * logprobs).sum(-1)
    return _spread(taken, entropies, batch)


def _hidden_states(model: Transformer, batch: RolloutBatch, *, repeat: bool = True) -> Tensor:
    """(M, D): the hidden states from which the chosen tokens were predicted."""
    shared = batch.shared
    with replay(model, shared.experts if repeat else None):
        return shared.chosen(model.hidden(shared.tokens, shared.positions, shared)[0])


def _tokens(batch: RolloutBatch) -> Tensor:
    """(M,): the chosen tokens."""
    return batch.tokens[:, 1:][batch.chosen]


def _spread(taken: Tensor, entropies: Tensor, batch: RolloutBatch) -> Scores:
    empty = torch.zeros_like(batch.sampled)
    return Scores(empty.masked_scatter(batch.chosen, taken), empty.masked_scatter(batch.chosen, entropies))


def head(model: Transformer, hidden: Tensor) -> Tensor:
    """Logits (M, V) float32 of hidden states (M, D), whatever the model computes in."""
    with torch.autocast(hidden.device.type, enabled=False):
        return linear(hidden.float(), _head_weight(model).float())


def _head_weight(model: Transformer) -> Tensor:
    return model.embed.weight if model.head is None else model.head.weight


def families(rollouts: Sequence[Rollout]) -> list[list[int]]:
    """Places of ``rollouts``, those of one prompt together: the longest of each first, and first the family of the
    longest.
    """
    found: dict[tuple[int, ...], list[int]] = {}
    for place in sorted(range(len(rollouts)), key=lambda place: -_length(rollouts[place])):
        found.setdefault(rollouts[place].prompt_ids, []).append(place)
    return list(found.values())


def share(rollouts: Sequence[Rollout], rank: int, ranks: int) -> list[int]:
    """The places that one of several ranks computes: dealt by length, so that all have as much to do, and in whole
    families where there are enough of them.
    """
    found = families(rollouts)
    if len(found) < ranks:
        return [place for family in found for place in family][rank::ranks]
    return [place for family in found[rank::ranks] for place in family]


def pieces(rollouts: Sequence[Rollout], tokens: int, places: Sequence[int] | None = None) -> Iterator[list[int]]:
    """``places`` among ``rollouts`` (all, family by family), divided so that in each piece the model computes at most
    ``tokens`` tokens (or one rollout), and attention takes rows of at most twice as many places.

    The longest go first: memory runs out at once or never.
    """
    piece: list[int] = []
    prompts: set[tuple[int, ...]] = set()
    computed = longest = 0
    for place in share(rollouts, 0, 1) if places is None else places:
        one = rollouts[place]
        more = len(one.completion_ids) + (0 if one.prompt_ids in prompts else len(one.prompt_ids))
        widest = max(longest, _length(one))
        if piece and (computed + more > tokens or widest * (len(piece) + 1) > _PADDED * tokens):
            yield piece
            piece, prompts, computed = [], set(), 0
            more = widest = _length(one)
        piece.append(place)
        prompts.add(one.prompt_ids)
        computed, longest = computed + more, widest
    if piece:
        yield piece


def _length(rollout: Rollout) -> int:
    return len(rollout.prompt_ids) + len(rollout.completion_ids)
