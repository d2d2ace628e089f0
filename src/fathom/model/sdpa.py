"""Scaled dot-product attention over dense tensors, kept on torch's fused path.

On the CPU that path wants key and value heads of one width, which those of MLA are not: the narrower is padded with
zeros, which change no score and are cut off again. A boolean mask would be converted anew on each call: callers hand in
an additive one, built once.

    B batch · T queries · S keys · H query heads · G key/value heads · Dk, Dv head channels
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


def attention(q: Tensor, k: Tensor, v: Tensor, scale: float, *, causal: bool, mask: Tensor | None = None) -> Tensor:
    """softmax(scale · q kᵀ + mask) v, heads apart.

    q (B, T, H, Dk), k (B, S, G, Dk), v (B, S, G, Dv), mask additive, broadcastable to (B, H, T, S) → (B, T, H, Dv).
    ``causal`` lets query t see keys up to t and needs T = S.
    """
    key_dim, value_dim = k.shape[-1], v.shape[-1]
    if value_dim < key_dim:
        v = F.pad(v, (0, key_dim - value_dim))
    elif value_dim > key_dim:  # zeros add nothing to q · k
        q, k = F.pad(q, (0, value_dim - key_dim)), F.pad(k, (0, value_dim - key_dim))
    out = F.scaled_dot_product_attention(
        q.transpose(1, 2),
        k.transpose(1, 2),
        v.transpose(1, 2),
        attn_mask=mask,
        is_causal=causal,
        scale=scale,
        enable_gqa=q.shape[2] != k.shape[2],
    )
    return out.transpose(1, 2)[..., :value_dim]


def additive(visible: Tensor, dtype: torch.dtype) -> Tensor:
    """A mask to add to scores: 0 where ``visible``, minus infinity elsewhere."""
    return torch.zeros(visible.shape, dtype=dtype, device=visible.device).masked_fill_(~visible, float("-inf"))
