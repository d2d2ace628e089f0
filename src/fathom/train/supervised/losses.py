"""Losses of pretraining and fine-tuning, as pure functions of hidden states and batches.

Losses are *sums* over counted targets, in float32: the loop divides by how many a whole update has, so that an update
is the same however it is cut into micro-batches. Only positions that count reach the head; in a conversation that
leaves out the questions, at a vocabulary's cost each.

    B rows · T tokens a row · D hidden · V vocabulary · M positions that count
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from fathom.data.packing.batch import Batch
from fathom.kernels.cross_entropy import cross_entropy
from fathom.model.causal import CausalContext
from fathom.model.transformer import Transformer
from fathom.train.supervised import fused_cross_entropy as head


class Prediction(NamedTuple):
    """The loss and the likeliest tokens at the positions that count."""

    loss: Tensor  # () sum of cross entropies
    z: Tensor  # () sum of squared log-partition functions
    best: Tensor  # (M,) int64 most likely token, or empty
    where: Tensor  # (B, T) bool, M of them true


@dataclass(frozen=True, slots=True)
class LossSums:
    """Sums over one micro-batch. ``mtp`` has one entry a module, ``mtp_counts`` how many targets each had.

    ``accepted`` of ``drafted`` tokens are those of MTP module 0 that greedy speculative decoding would keep: the main
    model, one position on, likes the same token best.
    """

    main: Tensor
    z: Tensor
    count: int
    mtp: tuple[Tensor, ...] = ()
    mtp_counts: tuple[int, ...] = ()
    accepted: int = 0
    drafted: int = 0


def losses(
    model: Transformer, batch: Batch, *, mtp: bool, z: bool = False, statistics: bool = False, apart: bool = True
) -> LossSums:
    """The sums of ``batch`` under ``model``; with ``mtp``, those of every MTP module too (V3, section 2.2); with ``z``,
    what keeps the partition function near 1 (PaLM, arXiv 2204.02311, section 5), which costs a pass over the logits.

    ``statistics`` also counts accepted drafts, at the price of two searches for the best token. ``apart`` keeps packed
    documents from seeing each other.
    """
    context = context_of(batch) if apart else CausalContext()
    hidden = model.hidden_states(batch.tokens, batch.positions, context)
    main = predict(model, hidden, batch.targets, batch.loss_mask, z=z, statistics=statistics)
    modules: list[Prediction] = []
    for depth in range(len(model.mtp) if mtp else 0):
        given, targets, mask = mtp_inputs(batch, depth)
        hidden = model.mtp_hidden_states(depth, hidden, given, batch.positions, context)
        modules.append(predict(model, hidden, targets, mask, statistics=statistics and depth == 0))
    accepted, drafted = _count_accepted(main, modules[0]) if statistics and modules else (0, 0)
    return LossSums(
        main=main.loss,
        z=main.z,
        count=int(main.where.sum()),
        mtp=tuple(module.loss for module in modules),
        mtp_counts=tuple(int(module.where.sum()) for module in modules),
        accepted=accepted,
        drafted=drafted,
    )


def predict(
    model: Transformer, hidden: Tensor, targets: Tensor, mask: Tensor, *, z: bool = False, statistics: bool = False
) -> Prediction:
    """Cross entropy of ``targets`` (B, T) where ``mask`` (B, T) holds, from ``hidden`` (B, T, D)."""
    counted = mask.flatten().nonzero()[:, 0]
    kept = hidden.flatten(0, 1).index_select(0, counted)  # (M, D); a boolean index would scatter in the backward pass
    weight = None if z else head.weight_of(model, kept)
    if weight is not None:
        loss, best = head.cross_entropy(kept, weight, targets[mask], best=statistics)
        return Prediction(loss, loss.new_zeros(()), best, mask)
    logits = model.logits(kept)  # (M, V)
    loss = cross_entropy(logits, targets[mask])
    squared = logits.float().logsumexp(-1).square().sum() if z else loss.new_zeros(())
    return Prediction(loss, squared, logits.detach().argmax(-1) if statistics else targets.new_zeros(0), mask)


def mtp_inputs(batch: Batch, depth: int) -> tuple[Tensor, Tensor, Tensor]:
    """What MTP module ``depth`` (0-based) is given, what it predicts and where that counts, (B, T) each.

    Row i holds tokens i + 1 + depth and i + 2 + depth (V3 eq. 21 and 24), as far as both lie in the document of token
    i. Rows keep their length, so that module and model share one mask: what a row past the end computes counts nowhere,
    and nothing sees it.
    """
    given = F.pad(batch.targets[:, depth:], (0, depth)).clamp(min=0)
    targets = F.pad(batch.targets[:, depth + 1 :], (0, depth + 1))
    same = batch.documents[:, depth + 1 :] == batch.documents[:, : -depth - 1]
    return given, targets, F.pad(batch.loss_mask[:, depth + 1 :] & same, (0, depth + 1))


def context_of(batch: Batch) -> CausalContext:
    """Documents apart; where every row is one document (and padding after it), plain causal attention does that."""
    if int(batch.documents.max()) <= 0:
        return CausalContext()
    return CausalContext(documents=batch.documents)


def _count_accepted(main: Prediction, draft: Prediction) -> tuple[int, int]:
    """(tokens that both like best, tokens drafted): row i of the module and row i + 1 of the model mean one token."""
    best = torch.full(main.where.shape, -1, device=main.best.device).masked_scatter(main.where, main.best)
    verdict = F.pad(best[:, 1:], (0, 1), value=-1)[draft.where]
    return int((verdict == draft.best).sum()), len(draft.best)
