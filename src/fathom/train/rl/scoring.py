"""Log-probabilities of rollouts under a model, with gradients: what the losses are computed from.

The tensors of a batch are padded on the right; the model computes it without padding and each prompt once
(`prefix_packing`). Logits are computed for the completions' tokens alone and in float32, the product with
the head included: in bfloat16 neighbouring log-probabilities differ by more than an update moves them (MiniMax-M1,
arXiv 2506.13585, section 3.2).

    N rollouts · T tokens of the longest, prompt included · M completion tokens of all · D hidden · V vocabulary
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from fathom.evals.rollout import Rollout
from fathom.kernels.attention import apply_softcap
from fathom.kernels.matmul import linear
from fathom.model.replay import replay
from fathom.model.transformer import Transformer
from fathom.train.rl.prefix_packing import PrefixPacking
from fathom.train.rl.token_logprobs import token_logprobs


class RolloutBatch(NamedTuple):
    """Rollouts as tensors. Column t of the others is about token t + 1, so there are T - 1 of them."""

    tokens: Tensor  # (N, T) int64
    completion_mask: Tensor  # (N, T-1) bool: token t + 1 belongs to the completion
    sampled_logprobs: Tensor  # (N, T-1) float32: its log-probability when it was sampled; 0 elsewhere
    packing: PrefixPacking  # the same tokens as the model computes them


class Scores(NamedTuple):
    """Of the completion tokens; 0 elsewhere."""

    logprobs: Tensor  # (N, T-1) float32
    entropies: Tensor  # (N, T-1) float32, without gradient


def collate(rollouts: Sequence[Rollout], device: torch.device | str = "cpu") -> RolloutBatch:
    """Pad on the right, with token 0, which no loss reads."""
    width = max(len(one.prompt_ids) + len(one.completion_ids) for one in rollouts)
    tokens = torch.zeros(len(rollouts), width, dtype=torch.int64)
    mask = torch.zeros(len(rollouts), width - 1, dtype=torch.bool)
    sampled = torch.zeros(len(rollouts), width - 1)
    for row, one in enumerate(rollouts):
        start, stop = len(one.prompt_ids), len(one.prompt_ids) + len(one.completion_ids)
        tokens[row, :stop] = torch.tensor((*one.prompt_ids, *one.completion_ids))
        mask[row, start - 1 : stop - 1] = True
        sampled[row, start - 1 : stop - 1] = torch.tensor(one.logprobs)
    return RolloutBatch(tokens.to(device), mask.to(device), sampled.to(device), PrefixPacking(rollouts, device))


def score(model: Transformer, batch: RolloutBatch, *, temperature: float = 1.0, repeat: bool = True) -> Scores:
    """The log-probabilities of ``batch`` under ``model`` at the temperature it was sampled with.

    ``repeat``: tokens go to the experts that they went to when they were sampled, where that is recorded. Not for
    another model, whose own routers have to choose.
    """
    hidden = _hidden_states(model, batch, repeat=repeat)
    if model.config.logit_softcap is not None:  # logits are no product with the head then
        return gather_scores((head_logits(model, hidden) / temperature).log_softmax(-1), batch)
    logprobs, entropies = token_logprobs(hidden, _head_weight(model), _tokens(batch), temperature)
    return _to_rows(logprobs, entropies, batch)


def logits(model: Transformer, batch: RolloutBatch, *, temperature: float = 1.0, repeat: bool = True) -> Tensor:
    """(M, V) float32: the logits of every completion token, divided by the ``temperature``. ``repeat``: see `score`."""
    return head_logits(model, _hidden_states(model, batch, repeat=repeat)) / temperature


def gather_scores(logprobs: Tensor, batch: RolloutBatch) -> Scores:
    """The scores of the completion tokens, from log-probabilities (M, V) of the whole vocabulary."""
    sampled = logprobs.gather(1, _tokens(batch)[:, None])[:, 0]  # (M)
    with torch.no_grad():
        entropies = -(logprobs.exp() * logprobs).sum(-1)
    return _to_rows(sampled, entropies, batch)


def _hidden_states(model: Transformer, batch: RolloutBatch, *, repeat: bool = True) -> Tensor:
    """(M, D): the hidden states that predict the completion tokens."""
    packing = batch.packing
    with replay(model, packing.experts if repeat else None):
        return packing.completion_picks(model.hidden_states(packing.tokens, packing.positions, packing)[0])


def _tokens(batch: RolloutBatch) -> Tensor:
    """(M,): the completion tokens."""
    return batch.tokens[:, 1:][batch.completion_mask]


def _to_rows(logprobs: Tensor, entropies: Tensor, batch: RolloutBatch) -> Scores:
    empty = torch.zeros_like(batch.sampled_logprobs)
    mask = batch.completion_mask
    return Scores(empty.masked_scatter(mask, logprobs), empty.masked_scatter(mask, entropies))


def head_logits(model: Transformer, hidden: Tensor) -> Tensor:
    """Logits (M, V) float32 of hidden states (M, D), whatever the model computes in."""
    with torch.autocast(hidden.device.type, enabled=False):
        return apply_softcap(linear(hidden.float(), _head_weight(model).float()), model.config.logit_softcap)


def _head_weight(model: Transformer) -> Tensor:
    return model.embed.weight if model.head is None else model.head.weight
