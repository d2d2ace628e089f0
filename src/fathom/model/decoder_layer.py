"""A decoder layer: attention, then a feed-forward network, each after a norm and added to a residual."""

from __future__ import annotations

from torch import Tensor, nn

from fathom.model.config import MLAConfig, ModelConfig
from fathom.model.context import AttentionContext, CacheSpec
from fathom.model.gqa import GQAttention
from fathom.model.mla import MLAttention
from fathom.model.modules import MLP, RMSNorm, matmul_dtype
from fathom.model.moe import MoE
from fathom.model.rope import Rotation


class DecoderLayer(nn.Module):
    """(B, T, D) → (B, T, D). ``layer`` is its index for its context; ``routed``: experts instead of a dense network."""

    def __init__(self, config: ModelConfig, layer: int, *, routed: bool) -> None:
        super().__init__()
        self.attention_norm = RMSNorm(config.hidden_size, config.norm_eps)
        self.attention = _attention(config, layer)
        self.mlp_norm = RMSNorm(config.hidden_size, config.norm_eps)
        self.mlp = _feed_forward(config, routed=routed)

    def forward(self, x: Tensor, rotation: Rotation, context: AttentionContext) -> Tensor:
        dtype = matmul_dtype(x)
        x = x + self.attention(self.attention_norm(x, dtype), rotation, context)
        return x + self.mlp(self.mlp_norm(x, dtype))

    def cache_spec(self, absorbed: bool) -> CacheSpec:
        """What the layer gives to its context per token."""
        return self.attention.cache_spec(absorbed)


def _attention(config: ModelConfig, layer: int) -> GQAttention | MLAttention:
    if isinstance(config.attention, MLAConfig):
        return MLAttention(config, config.attention, layer)
    return GQAttention(config, config.attention, layer)


def _feed_forward(config: ModelConfig, *, routed: bool) -> MLP | MoE:
    if routed and config.moe is not None:
        return MoE(config.hidden_size, config.moe)
    return MLP(config.hidden_size, config.intermediate_size)
