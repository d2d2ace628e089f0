"""Multi-head latent attention (DeepSeek-V2, section 2.1; DeepSeek-V3, section 2.1.1), in two equal forms.

Naive: keys and values are expanded from the latent, and heads attend as in ordinary attention. Cheapest where many
queries meet many keys: training.

Absorbed: W_UK is folded into the query and W_UV applied after attention, so all heads attend over the one latent that
the cache holds. Cheapest where few queries meet many keys: decoding. (q W_UK) · c = q · (W_UK c), nothing else.

    B batch · T tokens · D hidden · H heads · N, R, V channels of a head: nope, rope, value · L latent (kv_lora_rank)
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from fathom.model.config import MLAConfig, ModelConfig
from fathom.model.context import AttentionContext, CacheSpec
from fathom.model.modules import Linear, RMSNorm
from fathom.model.rope import Rotation, softmax_factor

LATENT_NORM_EPS = 1e-6
"""DeepSeek's code fixes this for the norms of the two latents, whatever the configuration says of the others."""


class MLAttention(nn.Module):
    """``layer`` is the index of this layer for its context."""

    def __init__(self, config: ModelConfig, attention: MLAConfig, layer: int) -> None:
        super().__init__()
        width, heads, latent = config.hidden_size, attention.num_heads, attention.kv_lora_rank
        self.layer = layer
        self.num_heads = heads
        self.query_dims = [attention.qk_nope_head_dim, attention.qk_rope_head_dim]
        self.latent_dims = [latent, attention.qk_rope_head_dim]
        self.expanded_dims = [attention.qk_nope_head_dim, attention.v_head_dim]
        self.scale = attention.qk_head_dim**-0.5 * softmax_factor(config.rope)
        if attention.q_lora_rank is None:
            self.q_proj = Linear(width, heads * attention.qk_head_dim, bias=False)
        else:
            self.q_down = Linear(width, attention.q_lora_rank, bias=False)
            self.q_norm = RMSNorm(attention.q_lora_rank, LATENT_NORM_EPS)
            self.q_up = Linear(attention.q_lora_rank, heads * attention.qk_head_dim, bias=False)
        self.q_lora_rank = attention.q_lora_rank
        self.kv_down = Linear(width, attention.latent_dim, bias=False)
        self.kv_norm = RMSNorm(latent, LATENT_NORM_EPS)
        self.kv_up = Linear(latent, heads * sum(self.expanded_dims), bias=False)
        self.o_proj = Linear(heads * attention.v_head_dim, width, bias=False)

    def forward(self, x: Tensor, rotation: Rotation, context: AttentionContext) -> Tensor:
        batch, length, _ = x.shape
        q = self._query(x).view(batch, length, self.num_heads, -1)  # (B, T, H, N+R), V3 eq. 6-7
        latent, k_rope = self.kv_down(x).split(self.latent_dims, -1)  # (B, T, L), (B, T, R), V3 eq. 1
        attend = self._absorbed_attention if context.absorbed else self._naive
        out = attend(q, self.kv_norm(latent), k_rope, rotation, context)  # (B, T, H, V)
        return self.o_proj(out.reshape(batch, length, -1))  # V3 eq. 11

    def _query(self, x: Tensor) -> Tensor:
        return self.q_proj(x) if self.q_lora_rank is None else self.q_up(self.q_norm(self.q_down(x)))

    def _naive(
        self, q: Tensor, latent: Tensor, k_rope: Tensor, rotation: Rotation, context: AttentionContext
    ) -> Tensor:
        expanded = self.kv_up(latent).view(*latent.shape[:2], self.num_heads, -1)  # (B, T, H, N+V), V3 eq. 2 and 5
        k, v = rotation.keys(expanded, k_rope, self.expanded_dims[1])  # V3 eq. 3-4
        return context.attend(self.layer, rotation.apply(q), k, v, self.scale)  # V3 eq. 8-10

    def _absorbed_attention(
        self, q: Tensor, latent: Tensor, k_rope: Tensor, rotation: Rotation, context: AttentionContext
    ) -> Tensor:
        key_up, value_up = self.absorbed_weights()  # (H, N, L), (H, L, V)
        q_nope, q_rope = q.split(self.query_dims, -1)
        q = torch.cat((_per_head(q_nope, key_up), rotation.apply(q_rope)), -1)  # (B, T, H, L+R)
        k = torch.cat((latent[:, :, None], rotation.apply(k_rope[:, :, None])), -1)  # (B, T, 1, L+R)
        out = context.attend(self.layer, q, k, k[..., : self.latent_dims[0]], self.scale)  # (B, T, H, L)
        return _per_head(out, value_up)

    def absorbed_weights(self) -> tuple[Tensor, Tensor]:
        """W_UK (H, N, L) and W_UV (H, L, V) as views of ``kv_up``.

        A transform may replace this method on an instance, to hold folded or dequantized copies.
        """
        weight = self.kv_up.weight.view(self.num_heads, -1, self.latent_dims[0])  # (H, N+V, L)
        key_up, value_up = weight.split(self.expanded_dims, 1)
        return key_up, value_up.transpose(1, 2)

    def cache_spec(self, absorbed: bool) -> CacheSpec:
        latent, rope = self.latent_dims
        if absorbed:
            return CacheSpec(num_kv_heads=1, key_dim=latent + rope, value_dim=latent, value_in_key=True)
        return CacheSpec(self.num_heads, key_dim=sum(self.query_dims), value_dim=self.expanded_dims[1])


def _per_head(x: Tensor, weight: Tensor) -> Tensor:
    """x (B, T, H, I) times one matrix a head (H, I, O) → (B, T, H, O), as one batched product over heads."""
    by_head = x.flatten(0, 1).transpose(0, 1)  # (H, B·T, I)
    return by_head.bmm(weight).transpose(0, 1).unflatten(0, x.shape[:2])
