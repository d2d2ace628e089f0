"""A decoder layer: attention, then a feed-forward network, each normed and added to a residual."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from fathom.model.config import MLAConfig, ModelConfig
from fathom.model.context import AttentionContext, CacheSpec
from fathom.model.gqa import GQAttention
from fathom.model.mla import MLAttention
from fathom.model.modules import MLP, RMSNorm, matmul_dtype
from fathom.model.moe import MoE
from fathom.model.rope import Rotation


class DecoderLayer(nn.Module):
    """(B, T, D) → (B, T, D). ``layer`` is its index for its context; ``routed``: experts instead of a dense network.

    The norms of inputs or of outputs are None where ``config.norm_placement`` has none there.
    """

    def __init__(self, config: ModelConfig, layer: int, *, routed: bool) -> None:
        super().__init__()
        before, after = config.norm_placement != "post", config.norm_placement != "pre"
        self.attention_norm = _norm(config) if before else None
        self.attention = _attention(config, layer)
        self.post_attention_norm = _norm(config) if after else None
        self.mlp_norm = _norm(config) if before else None
        self.mlp = _feed_forward(config, routed=routed)
        self.post_mlp_norm = _norm(config) if after else None

    def forward(self, x: Tensor, rotation: Rotation, context: AttentionContext) -> Tensor:
        dtype = matmul_dtype(x)
        attended = self.attention(_apply(self.attention_norm, x, dtype), rotation, context)
        x = x + _apply(self.post_attention_norm, attended)
        return x + _apply(self.post_mlp_norm, self.mlp(_apply(self.mlp_norm, x, dtype)))

    def cache_spec(self, absorbed: bool) -> CacheSpec:
        """What the layer gives to its context per token."""
        return self.attention.cache_spec(absorbed)


def _norm(config: ModelConfig) -> RMSNorm:
    return RMSNorm(config.hidden_size, config.norm_eps, config.norm_offset)


def _apply(norm: RMSNorm | None, x: Tensor, dtype: torch.dtype | None = None) -> Tensor:
    return x if norm is None else norm(x, dtype)


def _attention(config: ModelConfig, layer: int) -> GQAttention | MLAttention:
    if isinstance(config.attention, MLAConfig):
        return MLAttention(config, config.attention, layer)
    return GQAttention(config, config.attention, layer)


def _feed_forward(config: ModelConfig, *, routed: bool) -> MLP | MoE:
    if routed and config.moe is not None:
        return MoE(config.hidden_size, config.moe)
    return MLP(config.hidden_size, config.intermediate_size, config.activation)
