"""Rows of several documents packed together, and batches of such rows.

Every document in a row has its own positions from 0, and a number, by which the attention mask separates the documents
(`fathom.model.causal.CausalContext(documents=batch.documents)`); a target is never in another document. V3 trained
without that mask (section 4.1): it hardly matters for long documents. It matters for short traces and conversations,
and costs nothing if a mask is built anyway. The model can be called without it.

    B rows · T tokens a row
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from hashlib import sha256

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from fathom.data.packing.plan import PackingPlan, Span
from fathom.data.shards.store import Flags, Ids, TokenStore

IGNORE = -100
"""The target of a position without a prediction: the default ``ignore_index`` of cross-entropy."""

PADDING = -1
"""The document number of padding."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row, up to T entries, without padding; the fields are those of `Batch`."""

    tokens: Ids
    targets: Ids
    positions: Ids
    documents: Ids
    loss_mask: Flags


@dataclass(frozen=True, slots=True)
class Batch:
    """The input of one training step, all (B, T).

    ``tokens`` int64. ``targets`` int64: the next token of the same document, `IGNORE` if there is none. ``positions``
    int64, from 0 in every document. ``documents`` int64: the number of the document in its row, from 0; `PADDING` after
    the last. ``loss_mask`` bool: the targets that count; false for every target that is `IGNORE`.
    """

    tokens: Tensor
    targets: Tensor
    positions: Tensor
    documents: Tensor
    loss_mask: Tensor

    @property
    def labels(self) -> Tensor:
        """(B, T) the targets that count, `IGNORE` elsewhere: what cross-entropy takes."""
        return self.targets.masked_fill(~self.loss_mask, IGNORE)

    @property
    def counted(self) -> int:
        """The number of targets that count."""
        return int(self.loss_mask.sum())

    def to(self, device: torch.device | str) -> Batch:
        """The same batch on a device."""
        return Batch(*(getattr(self, field.name).to(device, non_blocking=True) for field in fields(self)))

    def split(self, rows: int) -> list[Batch]:
        """Smaller batches of at most ``rows`` rows, for gradient accumulation."""
        parts = zip(*(getattr(self, field.name).split(rows) for field in fields(self)), strict=True)
        return [Batch(*part) for part in parts]


def build_row(store: TokenStore, spans: Sequence[Span]) -> Row:
    """The row of these spans of a store."""
    tokens, targets, learned = [], [], []
    for span in spans:
        stop = min(span.stop + 1, span.end)  # one more, for the last target
        ids = store.read(span.start, stop)
        tokens.append(ids[: span.stop - span.start])
        targets.append(_next_entries(ids[1:], span, IGNORE))
        learned.append(_next_entries(store.read_learned(span.start, stop)[1:], span, False))
    sizes = [span.stop - span.start for span in spans]
    return Row(
        tokens=_concatenate(tokens, np.int64),
        targets=_concatenate(targets, np.int64),
        positions=_concatenate([np.arange(size, dtype=np.int64) for size in sizes], np.int64),
        documents=np.repeat(np.arange(len(sizes), dtype=np.int64), sizes),
        loss_mask=_concatenate(learned, np.bool_),
    )


def collate(rows: Sequence[Row], length: int, pad: int = 0) -> Batch:
    """Rows padded to (B, T) with the token ``pad``, which is never a target and in no document."""

    def pad_and_stack(parts: Sequence[NDArray[np.generic]], fill: int, dtype: type) -> Tensor:
        out: NDArray[np.generic] = np.full((len(rows), length), fill, dtype=dtype)
        for place, part in zip(out, parts, strict=True):
            place[: len(part)] = part
        return torch.from_numpy(out)

    return Batch(
        tokens=pad_and_stack([row.tokens for row in rows], pad, np.int64),
        targets=pad_and_stack([row.targets for row in rows], IGNORE, np.int64),
        positions=pad_and_stack([row.positions for row in rows], 0, np.int64),
        documents=pad_and_stack([row.documents for row in rows], PADDING, np.int64),
        loss_mask=pad_and_stack([row.loss_mask for row in rows], False, np.bool_),
    )


class PackedDataset:
    """The rows of a token store that a packing plan gives, in any order."""

    def __init__(self, store: TokenStore, plan: PackingPlan) -> None:
        self._store = store
        self._plan = plan
        self.length = plan.length
        self.fingerprint = sha256(f"{store.fingerprint} {plan.describe}".encode()).hexdigest()

    def __len__(self) -> int:
        return len(self._plan)

    def __getitem__(self, index: int) -> Row:
        return build_row(self._store, self._plan.row(index))


def _next_entries(following: NDArray[np.generic], span: Span, fill: int | bool) -> NDArray[np.generic]:
    """One entry a token of the span: that of the next token, ``fill`` for the document's last token."""
    return np.append(following, np.array([fill], dtype=following.dtype)) if span.stop == span.end else following


def _concatenate(parts: Sequence[NDArray[np.generic]], dtype: type) -> NDArray:  # type: ignore[type-arg]
    return np.concatenate(parts) if parts else np.zeros(0, dtype=dtype)
