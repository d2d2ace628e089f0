"""Grouped-query attention (arXiv 2305.13245) of the Llama and Qwen families.

B batch · T tokens · D hidden · H query heads · G key/value heads · C head channels
"""

from __future__ import annotations

from torch import Tensor, nn

from fathom.model.config import GQAConfig, ModelConfig
from fathom.model.context import AttentionContext, CacheSpec
from fathom.model.modules import Linear, RMSNorm
from fathom.model.rope import Rotation


class GQAttention(nn.Module):
    """``layer`` is the index of this layer for its context."""

    def __init__(self, config: ModelConfig, attention: GQAConfig, layer: int) -> None:
        super().__init__()
        width, head_dim = config.hidden_size, attention.head_dim
        self.layer = layer
        self.head_dim = head_dim
        self.num_kv_heads = attention.num_kv_heads
        self.scale = head_dim**-0.5
        self.q_proj = Linear(width, attention.num_heads * head_dim, bias=attention.qkv_bias)
        self.k_proj = Linear(width, attention.num_kv_heads * head_dim, bias=attention.qkv_bias)
        self.v_proj = Linear(width, attention.num_kv_heads * head_dim, bias=attention.qkv_bias)
        self.o_proj = Linear(attention.num_heads * head_dim, width, bias=attention.o_bias)
        self.q_norm = RMSNorm(head_dim, config.norm_eps) if attention.qk_norm else None
        self.k_norm = RMSNorm(head_dim, config.norm_eps) if attention.qk_norm else None

    def forward(self, x: Tensor, rotation: Rotation, context: AttentionContext) -> Tensor:
        batch, length, _ = x.shape
        q = self.q_proj(x).view(batch, length, -1, self.head_dim)  # (B, T, H, C)
        k = self.k_proj(x).view(batch, length, -1, self.head_dim)  # (B, T, G, C)
        v = self.v_proj(x).view(batch, length, -1, self.head_dim)  # (B, T, G, C)
        if self.q_norm is not None and self.k_norm is not None:
            q, k = self.q_norm(q), self.k_norm(k)
        out = context.attend(self.layer, rotation.apply(q), rotation.apply(k), v, self.scale)
        return self.o_proj(out.reshape(batch, length, -1))

    def cache_spec(self, absorbed: bool) -> CacheSpec:  # noqa: ARG002 - the same question is asked of MLA
        return CacheSpec(self.num_kv_heads, self.head_dim, self.head_dim)
