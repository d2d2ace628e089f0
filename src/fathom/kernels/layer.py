"""The weights of one dense layer of the Llama and Qwen families, as its fused kernels want them."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from fathom.kernels.matrix import Matrix


@dataclass(frozen=True, slots=True, eq=False)
class LayerWeights:
    """``qkv`` stacks the query, key and value products, ``gate_up`` the two halves of the gated network.

    Norm weights are float32. ``q_norm`` and ``k_norm`` (Qwen3) are per head, with an epsilon of their own.
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
