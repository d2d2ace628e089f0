"""The attention context of training: every token sees itself and the tokens before it in the same sequence.

B batch · T tokens
"""

from __future__ import annotations

import torch
from torch import Tensor

from fathom.kernels.attention import VisibleSpans, additive, causal_attention, dense_attention


class CausalContext:
    """Causal attention within the tokens at hand; nothing is kept.

    ``keep`` (B, T) bool marks real tokens: no token sees a padding token, at the left or the right. ``documents``
    (B, T) integers number the packed samples: tokens of different documents do not see each other. A token always
    sees itself, so that rows of padding stay finite; what they compute means nothing.

    Where documents follow one another, what a token sees is an interval, and a kernel may compute nothing else
    (:func:`fathom.kernels.attention.causal_attention`). Otherwise there is a mask, built once for every layer.
    ``absorbed`` is for tests and for comparing forms: training is cheaper on expanded heads.
    """

    def __init__(self, keep: Tensor | None = None, documents: Tensor | None = None, *, absorbed: bool = False) -> None:
        self._absorbed = absorbed
        self._keep = keep
        self._documents = documents
        first = None if documents is None else document_starts(documents)  # (B, T)
        self._document_spans = None if first is None else VisibleSpans(first)
        self._all: VisibleSpans | None = None  # where a window alone hides keys
        self._intervals = keep is None and (documents is None or first is not None)
        self._masks: dict[tuple[int | None, torch.dtype], Tensor] = {}

    @property
    def absorbed(self) -> bool:
        return self._absorbed

    def lengths(self, positions: Tensor) -> Tensor:
        """As far as the positions of the row reach, or of the document."""
        if self._documents is None:
            return positions.amax(-1, keepdim=True) + 1
        same = self._documents[:, :, None] == self._documents[:, None, :]  # (B, T, T)
        return torch.where(same, positions[:, None, :], 0).amax(-1) + 1

    def attend(
        self,
        layer: int,  # noqa: ARG002 - protocol
        q: Tensor,
        k: Tensor,
        v: Tensor,
        scale: float,
        *,
        window: int | None = None,
        softcap: float | None = None,
    ) -> Tensor:
        if window is not None and window >= q.shape[1]:
            window = None
        if self._intervals:
            return causal_attention(q, k, v, scale, self._spans_within(window, q), softcap)
        mask = self._mask_within(window, q)
        return dense_attention(q, k, v, scale, causal=False, mask=mask, softcap=softcap)

    def _spans_within(self, window: int | None, q: Tensor) -> VisibleSpans | None:
        if window is None or self._document_spans is not None:
            return self._document_spans and self._document_spans.within(window)
        if self._all is None:
            self._all = VisibleSpans(torch.zeros(q.shape[:2], dtype=torch.int32, device=q.device))
        return self._all.within(window)

    def _mask_within(self, window: int | None, q: Tensor) -> Tensor:
        key = window, q.dtype
        if key not in self._masks:
            self._masks[key] = additive(_visible(self._keep, self._documents, window), q.dtype)
        return self._masks[key]


def document_starts(documents: Tensor) -> Tensor | None:
    """Where the document of each token begins, (B, T) int32; None where one is interrupted by another."""
    place = torch.arange(documents.shape[1], device=documents.device)
    begins = torch.ones_like(documents, dtype=torch.bool)
    begins[:, 1:] = documents[:, 1:] != documents[:, :-1]
    first = torch.where(begins, place, 0).cummax(1).values
    numbers = documents.masked_fill(~begins, -2).sort(1).values  # -2: lower than any document, padding included
    if bool(((numbers[:, 1:] == numbers[:, :-1]) & (numbers[:, 1:] != -2)).any()):
        return None
    return first.to(torch.int32)


def _visible(keep: Tensor | None, documents: Tensor | None, window: int | None) -> Tensor:
    """(B, 1, T, T) bool."""
    given = keep if keep is not None else documents
    assert given is not None
    length = given.shape[1]
    ones = torch.ones(length, length, dtype=torch.bool, device=given.device)
    seen = ones.tril() if window is None else ones.tril() & ones.triu(1 - window)
    visible = seen[None, None]  # (1, 1, T, T)
    if documents is not None:
        visible = visible & (documents[:, None, :, None] == documents[:, None, None, :])
    if keep is not None:
        visible = visible & keep.bool()[:, None, None, :]
    return visible | torch.eye(length, dtype=torch.bool, device=given.device)
