"""C++ kernels of ``fathom.kernels.dense_layer``.

At one token a layer of SmolLM2 is sixteen operations of a few microseconds each; called one by one from Python, most
of the time goes into calling.
"""

from __future__ import annotations

from torch import Tensor

from fathom.kernels.cpu import ops
from fathom.kernels.cpu.library import get_library
from fathom.kernels.cpu.rows import wants_no_gradient
from fathom.kernels.dense_layer import LayerWeights
from fathom.kernels.registry import kernel


def _accepts_before(layer: LayerWeights, x: Tensor, *_: object) -> bool:
    return layer.qkv.kind in ops.KINDS and wants_no_gradient(x)


@kernel(_accepts_before)
def before_attention(
    layer: LayerWeights, x: Tensor, cos: Tensor, sin: Tensor, interleaved: bool
) -> tuple[Tensor, Tensor, Tensor]:
    return ops.before_attention(
        get_library(), _struct(layer), x.contiguous(), cos.contiguous(), sin.contiguous(), interleaved
    )


def _accepts_after(layer: LayerWeights, attended: Tensor, x: Tensor) -> bool:
    return attended.dtype == x.dtype and wants_no_gradient(attended, x) and layer.out.kind in ops.KINDS


@kernel(_accepts_after)
def after_attention(layer: LayerWeights, attended: Tensor, x: Tensor) -> Tensor:
    return ops.after_attention(get_library(), _struct(layer), attended.contiguous(), x.contiguous())


def _struct(layer: LayerWeights) -> ops.LayerStruct:
    struct = layer.handles.get("cpp")
    if struct is None:
        struct = layer.handles["cpp"] = ops.layer_struct(layer)
    return struct
