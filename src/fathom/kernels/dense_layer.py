"""A dense decoder layer of the Llama and Qwen families in two calls: all before its attention, and all after it.

N tokens · D hidden width · I inner width · H, G query and key/value heads · C channels of a head
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import torch.nn.functional as F
from torch import Tensor

from fathom.kernels.formats.matrix import Matrix
from fathom.kernels.matmul import quantized_linear
from fathom.kernels.norm import rms_norm
from fathom.kernels.registry import Key, operation, wide_dtype
from fathom.kernels.rope import rotate


@dataclass(frozen=True, slots=True, eq=False)
class LayerWeights:
    """``qkv`` stacks the query, key and value products, ``gate_up`` the two halves of the gated network.

    Norm weights are float32. ``q_norm`` and ``k_norm`` (Qwen3) are per head, with an epsilon of their own.
    ``handles`` is for kernels: what one derives from the weights once, by its backend's name.
    """

    qkv: Matrix  # ((H + 2G)·C, D)
    out: Matrix  # (D, H·C)
    gate_up: Matrix  # (2I, D)
    down: Matrix  # (D, I)
    attention_norm: Tensor  # (D)
    mlp_norm: Tensor  # (D)
    q_norm: Tensor | None  # (C)
    k_norm: Tensor | None  # (C)
    heads: int
    kv_heads: int
    head_dim: int
    norm_eps: float
    head_norm_eps: float = 0.0
    handles: dict[str, Any] = field(default_factory=dict, init=False, repr=False)


def _of_activations(_: LayerWeights, x: Tensor, *__: object) -> Key:
    return x.device.type, x.dtype


@operation(_of_activations)
def before_attention(
    layer: LayerWeights, x: Tensor, cos: Tensor, sin: Tensor, interleaved: bool
) -> tuple[Tensor, Tensor, Tensor]:
    """Norm, projections, norms of heads, rotation: x (N, D), cos and sin (N, C) float32 → q (N, H, C), k (N, G, C),
    v (N, G, C).
    """
    normed = _norm(x.to(wide_dtype(x.dtype)), layer.attention_norm, layer.norm_eps)
    heads = quantized_linear.reference(normed, layer.qkv).unflatten(-1, (-1, layer.head_dim))  # (N, H + 2G, C)
    q, k, v = heads.split([layer.heads, layer.kv_heads, layer.kv_heads], 1)
    if layer.q_norm is not None and layer.k_norm is not None:
        q, k = _norm(q, layer.q_norm, layer.head_norm_eps), _norm(k, layer.k_norm, layer.head_norm_eps)
    q, k = (rotate.reference(part[None], cos[None, :, None], sin[None, :, None], interleaved)[0] for part in (q, k))
    return q.to(x.dtype), k.to(x.dtype), v.to(x.dtype)


@operation(_of_activations)
def after_attention(layer: LayerWeights, attended: Tensor, x: Tensor) -> Tensor:
    """Output projection, residual, norm, gated network, residual: attended (N, H·C), x (N, D) → (N, D)."""
    compute = wide_dtype(x.dtype)
    residual = x.to(compute) + quantized_linear.reference(attended.to(compute), layer.out)
    normed = _norm(residual, layer.mlp_norm, layer.norm_eps)
    gate, up = quantized_linear.reference(normed, layer.gate_up).chunk(2, -1)
    return (residual + quantized_linear.reference(F.silu(gate) * up, layer.down)).to(x.dtype)


def _norm(x: Tensor, weight: Tensor, eps: float) -> Tensor:
    return rms_norm.reference(x, weight, eps, x.dtype)
