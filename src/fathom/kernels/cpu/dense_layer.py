"""C++ kernels of ``fathom.kernels.dense_layer``.

At one token a layer of SmolLM2 is sixteen operations of a few microseconds each; called one by one from Python, most
of the time goes into calling.
"""

from __future__ import annotations

import ctypes

import torch
from torch import Tensor

from fathom.kernels.cpu.interface import struct
from fathom.kernels.cpu.library import get_library
from fathom.kernels.cpu.matmul import FORMATS, weight_struct
from fathom.kernels.cpu.rows import is_bf16, wants_no_gradient
from fathom.kernels.dense_layer import LayerWeights
from fathom.kernels.registry import kernel


def _accepts_before(layer: LayerWeights, x: Tensor, *_: object) -> bool:
    return wants_no_gradient(x) and _struct(layer) is not None


@kernel(_accepts_before)
def before_attention(
    layer: LayerWeights, x: Tensor, cos: Tensor, sin: Tensor, interleaved: bool
) -> tuple[Tensor, Tensor, Tensor]:
    x, cos, sin = x.contiguous(), cos.contiguous(), sin.contiguous()
    count = x.shape[0]
    q = x.new_empty(count, layer.heads, layer.head_dim)
    k = x.new_empty(count, layer.kv_heads, layer.head_dim)
    v = x.new_empty(count, layer.kv_heads, layer.head_dim)
    get_library().fathom_before_attention(
        _struct(layer),
        x.data_ptr(),
        is_bf16(x),
        count,
        cos.data_ptr(),
        sin.data_ptr(),
        interleaved,
        q.data_ptr(),
        k.data_ptr(),
        v.data_ptr(),
        torch.get_num_threads(),
    )
    return q, k, v


def _accepts_after(layer: LayerWeights, attended: Tensor, x: Tensor) -> bool:
    return attended.dtype == x.dtype and wants_no_gradient(attended, x) and _struct(layer) is not None


@kernel(_accepts_after)
def after_attention(layer: LayerWeights, attended: Tensor, x: Tensor) -> Tensor:
    attended, x = attended.contiguous(), x.contiguous()
    out = torch.empty_like(x)
    get_library().fathom_after_attention(
        _struct(layer),
        attended.data_ptr(),
        x.data_ptr(),
        out.data_ptr(),
        is_bf16(x),
        x.shape[0],
        torch.get_num_threads(),
    )
    return out


_MATRICES = ("qkv", "out", "gate_up", "down")
_VECTORS = ("attention_norm", "mlp_norm", "q_norm", "k_norm")
_NUMBERS = ("heads", "kv_heads", "head_dim", "norm_eps", "head_norm_eps")


def _struct(layer: LayerWeights) -> ctypes.Structure | None:
    """Points into ``layer``; made once. None where a weight is in a format that the library does not read."""
    if "cpp" not in layer.handles:
        is_readable = all(getattr(layer, name).kind in FORMATS for name in _MATRICES)
        layer.handles["cpp"] = _make_struct(layer) if is_readable else None
    made: ctypes.Structure | None = layer.handles["cpp"]
    return made


def _make_struct(layer: LayerWeights) -> ctypes.Structure:
    return struct(
        "DenseLayer",
        **{name: weight_struct(getattr(layer, name)) for name in _MATRICES},
        **{name: None if (x := getattr(layer, name)) is None else x.data_ptr() for name in _VECTORS},
        **{name: getattr(layer, name) for name in _NUMBERS},
    )
