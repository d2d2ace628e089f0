"""A dense layer as two kernel calls around its attention.

At one token a layer of SmolLM2 is sixteen operations of a few microseconds each; called one by one from Python, most
of the time goes into calling. Between the end of one attention and the start of the next nothing needs to be seen from
outside, so each stretch is one call. The module stands where the model's block stood and behaves like it.

    B batch · T tokens · D hidden · H, G query and key/value heads · C head channels
"""

from __future__ import annotations

from typing import Any, Protocol

from torch import Tensor, nn

from fathom.kernels.dense_layer import LayerWeights, after_attention, before_attention
from fathom.kernels.formats import Matrix, can_concatenate, concatenate


class RotationTables(Protocol):
    """What the model calls by that name: angles of the tokens at hand."""

    @property
    def cos(self) -> Tensor: ...  # (B, T, 1, C) float32
    @property
    def sin(self) -> Tensor: ...  # (B, T, 1, C) float32
    @property
    def interleaved(self) -> bool: ...


class Context(Protocol):
    """The attention context of ``fathom.model.context``, as far as a layer uses it."""

    def attend(self, layer: int, q: Tensor, k: Tensor, v: Tensor, scale: float) -> Tensor: ...


class FusedBlock(nn.Module):
    """(B, T, D) → (B, T, D), as the block it was made of; see :func:`fuse`."""

    def __init__(self, weights: LayerWeights, attention: _Attention) -> None:
        super().__init__()
        self.attention = attention
        self.weights = weights

    def forward(self, x: Tensor, rotation: RotationTables, context: Context) -> Tensor:
        batch, length, _ = x.shape
        flat = x.reshape(batch * length, -1)
        cos, sin = (_rows(angles, batch) for angles in (rotation.cos, rotation.sin))
        q, k, v = before_attention(self.weights, flat, cos, sin, rotation.interleaved)
        q, k, v = (part.unflatten(0, (batch, length)) for part in (q, k, v))
        attended = context.attend(self.attention.layer, q, k, v, self.attention.scale)
        return after_attention(self.weights, attended.reshape(batch * length, -1), flat).view_as(x)

    def extra_repr(self) -> str:
        weights = self.weights
        return (
            f"qkv {weights.qkv.kind}, out {weights.out.kind}, gate_up {weights.gate_up.kind}, down {weights.down.kind}"
        )


class _Attention(nn.Module):
    """What remains of a layer's attention module: its place, its scale, and the answer to what it caches."""

    def __init__(self, original: Any) -> None:
        super().__init__()
        self.layer: int = original.layer
        self.scale: float = original.scale
        self._specs = {absorbed: original.cache_spec(absorbed) for absorbed in (False, True)}

    def cache_spec(self, absorbed: bool) -> Any:
        return self._specs[absorbed]


def is_dense_block(block: nn.Module) -> bool:
    """Whether a block is one that :func:`fuse` may serve: grouped-query attention and a dense gated network."""
    linears = ("attention.q_proj", "attention.k_proj", "attention.v_proj", "attention.o_proj")
    modules = dict(block.named_modules())
    return all(name in modules for name in (*linears, "mlp.gate", "mlp.up", "mlp.down", "attention_norm", "mlp_norm"))


def fuse(block: Any, matrices: dict[str, Matrix]) -> FusedBlock | None:
    """A block with its weights (by name within the block) as one module; None where they cannot stand in one matrix.

    q, k and v, and gate and up, must share a format: a file that stores v at more bits than q is served unfused.
    """
    attention = block.attention
    qkv = [matrices[f"attention.{name}_proj"] for name in "qkv"]
    gate_up = [matrices["mlp.gate"], matrices["mlp.up"]]
    if not (can_concatenate(qkv) and can_concatenate(gate_up)):
        return None
    weights = LayerWeights(
        qkv=concatenate(qkv),
        out=matrices["attention.o_proj"],
        gate_up=concatenate(gate_up),
        down=matrices["mlp.down"],
        attention_norm=_norm(block.attention_norm),
        mlp_norm=_norm(block.mlp_norm),
        q_norm=None if attention.q_norm is None else _norm(attention.q_norm),
        k_norm=None if attention.k_norm is None else _norm(attention.k_norm),
        heads=qkv[0].rows // attention.head_dim,
        kv_heads=attention.num_kv_heads,
        head_dim=attention.head_dim,
        norm_eps=block.attention_norm.eps,
        head_norm_eps=0.0 if attention.q_norm is None else attention.q_norm.eps,
    )
    return FusedBlock(weights, _Attention(attention))


def _norm(module: Any) -> Tensor:
    return module.weight.detach().float().contiguous()


def _rows(angles: Tensor, batch: int) -> Tensor:
    """(B or 1, T, 1, C) → (B·T, C)."""
    return angles.expand(batch, -1, -1, -1).reshape(-1, angles.shape[-1])
