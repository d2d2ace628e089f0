"""Grouped-query attention (arXiv 2305.13245) of the dense families; its variants are options of ``GQAConfig``.

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
        self.rope_dim = attention.rope_dim
        self.scale = attention.scale
        self.softcap = attention.softcap
        self.window = config.window.size if config.window and config.is_sliding_layer(layer) else None
        self.q_proj = Linear(width, attention.num_heads * head_dim, bias=attention.qkv_bias)
        self.k_proj = Linear(width, attention.num_kv_heads * head_dim, bias=attention.qkv_bias)
        self.v_proj = Linear(width, attention.num_kv_heads * head_dim, bias=attention.qkv_bias)
        self.o_proj = Linear(attention.num_heads * head_dim, width, bias=attention.o_bias)
        self.norms_heads = attention.qk_norm_span == "head"
        self.q_norm = self._norm(config, attention, attention.num_heads)
        self.k_norm = self._norm(config, attention, attention.num_kv_heads)

    def _norm(self, config: ModelConfig, attention: GQAConfig, heads: int) -> RMSNorm | None:
        if not attention.qk_norm:
            return None
        size = self.head_dim if self.norms_heads else heads * self.head_dim
        return RMSNorm(size, config.norm_eps, config.norm_offset)

    def forward(self, x: Tensor, rotation: Rotation, context: AttentionContext) -> Tensor:
        batch, length, _ = x.shape
        q = self._heads(self.q_proj(x), self.q_norm)  # (B, T, H, C)
        k = self._heads(self.k_proj(x), self.k_norm)  # (B, T, G, C)
        v = self._heads(self.v_proj(x), None)  # (B, T, G, C)
        q, k = rotation.apply_first(q), rotation.apply_first(k)
        out = context.attend(self.layer, q, k, v, self.scale, window=self.window, softcap=self.softcap)
        return self.o_proj(out.reshape(batch, length, -1))

    def _heads(self, projected: Tensor, norm: RMSNorm | None) -> Tensor:
        """(B, T, heads · C) → (B, T, heads, C), normed before or after."""
        if norm is not None and not self.norms_heads:
            projected = norm(projected)
        heads = projected.unflatten(-1, (-1, self.head_dim))
        return norm(heads) if norm is not None and self.norms_heads else heads

    def cache_spec(self, absorbed: bool) -> CacheSpec:  # noqa: ARG002 - the same question is asked of MLA
        return CacheSpec(self.num_kv_heads, self.head_dim, self.head_dim)
