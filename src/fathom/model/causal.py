"""The context of training: every token sees itself and the tokens before it in the same sequence.

B batch · T tokens
"""

from __future__ import annotations

import torch
from torch import Tensor

from fathom.model.sdpa import additive, attention


class CausalContext:
    """Causal attention within the tokens at hand; nothing is kept.

    ``keep`` (B, T) bool marks real tokens: no token sees a padding token, wherever the padding stands. ``documents``
    (B, T) integers number the packed samples: tokens of different documents do not see each other. A token always
    sees itself, so that rows of padding stay finite; what they compute means nothing.

    The mask is built once and serves every layer. Without ``keep`` and ``documents`` none is built at all.
    ``absorbed`` is for tests and for comparing forms: training is cheaper on expanded heads.
    """

    def __init__(self, keep: Tensor | None = None, documents: Tensor | None = None, *, absorbed: bool = False) -> None:
        self._absorbed = absorbed
        self._visible = _visible(keep, documents)  # (B, 1, T, T) or None
        self._mask: Tensor | None = None

    @property
    def absorbed(self) -> bool:
        return self._absorbed

    def attend(self, layer: int, q: Tensor, k: Tensor, v: Tensor, scale: float) -> Tensor:  # noqa: ARG002 - protocol
        if self._visible is None:
            return attention(q, k, v, scale, causal=True)
        if self._mask is None or self._mask.dtype != q.dtype:
            self._mask = additive(self._visible, q.dtype)
        return attention(q, k, v, scale, causal=False, mask=self._mask)


def _visible(keep: Tensor | None, documents: Tensor | None) -> Tensor | None:
    given = keep if keep is not None else documents
    if given is None:
        return None
    length = given.shape[1]
    ones = torch.ones(length, length, dtype=torch.bool, device=given.device)
    visible = ones.tril()[None, None]  # (1, 1, T, T)
    if documents is not None:
        visible = visible & (documents[:, None, :, None] == documents[:, None, None, :])
    if keep is not None:
        visible = visible & keep.bool()[:, None, None, :]
    return visible | torch.eye(length, dtype=torch.bool, device=given.device)
