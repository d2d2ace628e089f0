"""A dense decoder layer as two kernel calls around its attention.

Between the end of one attention and the start of the next nothing needs to be seen from outside, so each stretch is one
call (:mod:`fathom.kernels.dense_layer`). The module takes the place of the model's layer.

    B batch · T tokens · D hidden · H, G query and key/value heads · C head channels
"""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor, nn

from fathom.kernels.dense_layer import LayerWeights, after_attention, before_attention
from fathom.kernels.formats.matrix import Matrix, can_concatenate, concatenate
from fathom.model.context import AttentionContext, CacheSpec
from fathom.model.decoder_layer import DecoderLayer
from fathom.model.gqa import GQAttention
from fathom.model.modules import MLP, RMSNorm
from fathom.model.rope import Rotation


class FusedLayer(nn.Module):
    """(B, T, D) → (B, T, D), as the layer it was made of; see :func:`fuse`."""

    def __init__(self, weights: LayerWeights, attention: GQAttention) -> None:
        super().__init__()
        self.weights = weights
        self.layer = attention.layer
        self.scale = attention.scale
        self.window = attention.window
        self.softcap = attention.softcap
        self._cache_spec = attention.cache_spec(absorbed=False)

    def forward(self, x: Tensor, rotation: Rotation, context: AttentionContext) -> Tensor:
        batch, length, _ = x.shape
        flat = x.reshape(batch * length, -1)
        cos, sin = (_rows(angles, batch) for angles in (rotation.cos, rotation.sin))
        q, k, v = before_attention(self.weights, flat, cos, sin, rotation.interleaved)
        q, k, v = (part.unflatten(0, (batch, length)) for part in (q, k, v))
        attended = context.attend(self.layer, q, k, v, self.scale, window=self.window, softcap=self.softcap)
        return after_attention(self.weights, attended.reshape(batch * length, -1), flat).view_as(x)

    def cache_spec(self, absorbed: bool) -> CacheSpec:  # noqa: ARG002 - a question to layers of every kind
        return self._cache_spec

    def extra_repr(self) -> str:
        weights = self.weights
        return (
            f"qkv {weights.qkv.kind}, out {weights.out.kind}, gate_up {weights.gate_up.kind}, down {weights.down.kind}"
        )


def fuse(layer: DecoderLayer, matrix_of: Callable[[nn.Linear], Matrix]) -> FusedLayer | None:
    """A layer with its weights in storage formats as one module; None where there is no kernel for it.

    It must have grouped-query attention and a SwiGLU network, norms of their inputs alone, and rotate whole heads,
    normed each for itself. q, k and v, and gate and up, must share a format: a file that stores v at more bits than q
    is served unfused.
    """
    attention, mlp = layer.attention, layer.mlp
    if not (isinstance(attention, GQAttention) and isinstance(mlp, MLP) and _is_served(layer, attention, mlp)):
        return None
    assert layer.attention_norm is not None
    assert layer.mlp_norm is not None
    qkv = [matrix_of(projection) for projection in (attention.q_proj, attention.k_proj, attention.v_proj)]
    gate_up = [matrix_of(mlp.gate), matrix_of(mlp.up)]
    if not (can_concatenate(qkv) and can_concatenate(gate_up)):
        return None
    q_norm, k_norm = attention.q_norm, attention.k_norm
    weights = LayerWeights(
        qkv=concatenate(qkv),
        out=matrix_of(attention.o_proj),
        gate_up=concatenate(gate_up),
        down=matrix_of(mlp.down),
        attention_norm=_norm(layer.attention_norm),
        mlp_norm=_norm(layer.mlp_norm),
        q_norm=None if q_norm is None else _norm(q_norm),
        k_norm=None if k_norm is None else _norm(k_norm),
        heads=qkv[0].rows // attention.head_dim,
        kv_heads=attention.num_kv_heads,
        head_dim=attention.head_dim,
        norm_eps=layer.attention_norm.eps,
        head_norm_eps=0.0 if q_norm is None else q_norm.eps,
    )
    return FusedLayer(weights, attention)


def _is_served(layer: DecoderLayer, attention: GQAttention, mlp: MLP) -> bool:
    norms_inputs = layer.attention_norm is not None and layer.post_attention_norm is None
    whole_heads = attention.rope_dim == attention.head_dim and (attention.q_norm is None or attention.norms_heads)
    return norms_inputs and whole_heads and mlp.activation == "silu"


def _norm(module: RMSNorm) -> Tensor:
    return module.factors().detach().float().contiguous()


def _rows(angles: Tensor, batch: int) -> Tensor:
    """(B or 1, T, 1, C) → (B·T, C)."""
    return angles.expand(batch, -1, -1, -1).reshape(-1, angles.shape[-1])
