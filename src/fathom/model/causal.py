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
        self._spans = None if first is None else VisibleSpans(first)
        self._intervals = keep is None and (documents is None or first is not None)
        self._mask: Tensor | None = None

    @property
    def absorbed(self) -> bool:
        return self._absorbed

    def attend(self, layer: int, q: Tensor, k: Tensor, v: Tensor, scale: float) -> Tensor:  # noqa: ARG002 - protocol
        if self._intervals:
            return causal_attention(q, k, v, scale, self._spans)
        if self._mask is None or self._mask.dtype != q.dtype:
            self._mask = additive(_visible(self._keep, self._documents), q.dtype)
        return dense_attention(q, k, v, scale, causal=False, mask=self._mask)


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


def _visible(keep: Tensor | None, documents: Tensor | None) -> Tensor:
    """(B, 1, T, T) bool."""
    given = keep if keep is not None else documents
    assert given is not None
    length = given.shape[1]
    ones = torch.ones(length, length, dtype=torch.bool, device=given.device)
    visible = ones.tril()[None, None]  # (1, 1, T, T)
    if documents is not None:
        visible = visible & (documents[:, None, :, None] == documents[:, None, None, :])
    if keep is not None:
        visible = visible & keep.bool()[:, None, None, :]
    return visible | torch.eye(length, dtype=torch.bool, device=given.device)
