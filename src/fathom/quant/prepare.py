"""Turns a built model into one that only infers, from outside: the model's code knows nothing of formats or kernels.

    none       every weight keeps its format (a GGUF file's packed ones included); layers are fused
    float32    dense weights and activations in float32: results do not depend on what else is in the batch
    bfloat16   the same in bfloat16
    q8_0       dense weights in 8 bits by blocks of 32; activations in bfloat16
    q4_1, q4_0 in 4 bits; embedding and head in 8, where rounding shows at once
    auto       packed weights stay packed, dense ones become bfloat16; activations in bfloat16

The absorbed form of latent attention multiplies by pieces of ``kv_up``, and experts are one stacked parameter, so both
stay dense tensors. Gradients and ``state_dict`` are gone afterwards: save before, not after.
"""

from __future__ import annotations

from typing import Any, Literal, TypeVar, get_args

import torch
from torch import nn

from fathom.base.errors import ConfigError
from fathom.kernels.formats import Kind, Matrix, dense
from fathom.quant.block import fuse, is_dense_block
from fathom.quant.blocks import fits, quantize
from fathom.quant.linear import PackedEmbedding, PackedLinear, matrix_of

Scheme = Literal["none", "float32", "bfloat16", "q8_0", "q4_0", "q4_1", "auto"]
Model = TypeVar("Model", bound=nn.Module)

KEPT_DENSE = ("kv_up",)
"""Linears whose weight the model reads as a tensor."""


def prepare(model: Model, scheme: Scheme = "auto", dtype: torch.dtype | None = None) -> Model:
    """Replace blocks, linears and embedding of ``model`` for inference, in place, and return it.

    ``dtype`` is the type of activations where the scheme's own is not wanted: float32 on quantized weights is exact on
    the codes, bfloat16 fills prompts two to three times as fast. Outputs change by rounding only: that of ``dtype``,
    and with q8_0 and q4 that of the codes. Raises :class:`ConfigError` for an unknown scheme.
    """
    if scheme not in get_args(Scheme):
        raise ConfigError(f"unknown weight format {scheme!r}", f"choose one of {', '.join(get_args(Scheme))}")
    dtype = _activations(model, scheme) if dtype is None else dtype
    for parameter in model.parameters():
        parameter.requires_grad_(False)
    _prepare_ends(model, scheme, dtype)
    for parent in list(model.modules()):
        for name, child in list(parent.named_children()):
            if is_dense_block(child):
                setattr(parent, name, _block(child, scheme, dtype))
    _prepare_linears(model, scheme, dtype)
    for parameter in model.parameters():
        parameter.data = parameter.data.to(dtype)
    return model.eval()


def _activations(model: nn.Module, scheme: Scheme) -> torch.dtype:
    if scheme == "float32":
        return torch.float32
    if scheme == "none":
        return next((parameter.dtype for parameter in model.parameters()), torch.float32)
    return torch.bfloat16


def _prepare_ends(model: Any, scheme: Scheme, dtype: torch.dtype) -> None:
    """Embedding and head: one matrix where they are tied."""
    ends: Scheme = "q8_0" if scheme in {"q4_0", "q4_1"} else scheme
    tied = model.head is None
    embedding = _convert(matrix_of(model.embed), ends, dtype)
    model.embed = PackedEmbedding(embedding, dtype)
    model.head = PackedLinear(embedding if tied else _convert(matrix_of(model.head), ends, dtype))


def _block(block: nn.Module, scheme: Scheme, dtype: torch.dtype) -> nn.Module:
    matrices = {
        name: _convert(matrix_of(module), scheme, dtype)
        for name, module in block.named_modules()
        if isinstance(module, (nn.Linear, PackedLinear))
    }
    return fuse(block, matrices) or block


def _prepare_linears(model: nn.Module, scheme: Scheme, dtype: torch.dtype) -> None:
    """The linears that stand outside fused blocks."""
    for parent in list(model.modules()):
        for name, child in list(parent.named_children()):
            if name in KEPT_DENSE:
                setattr(parent, name, _as_linear(child, dtype))
            elif isinstance(child, (nn.Linear, PackedLinear)) and parent is not model:
                setattr(parent, name, PackedLinear(_convert(matrix_of(child), scheme, dtype)))


def _convert(matrix: Matrix | None, scheme: Scheme, dtype: torch.dtype) -> Matrix:
    """Packed weights stay as they are; dense ones take the scheme's format, or ``dtype`` where they do not divide."""
    if matrix is None:
        raise ConfigError("a weight is neither linear nor packed", "prepare a model that has not been prepared yet")
    if not matrix.is_dense:
        return matrix
    if scheme in {"q8_0", "q4_0", "q4_1"} and fits(matrix.data):
        kind: Kind = scheme
        return quantize(matrix.data, kind, matrix.bias)
    return matrix if scheme == "none" else dense(matrix.data.to(_storage(scheme, dtype)), matrix.bias)


def _storage(scheme: Scheme, dtype: torch.dtype) -> torch.dtype:
    return {"float32": torch.float32, "bfloat16": torch.bfloat16}.get(scheme, dtype)


def _as_linear(module: nn.Module, dtype: torch.dtype) -> nn.Linear:
    matrix = matrix_of(module)
    if matrix is None:
        raise ConfigError("a weight is neither linear nor packed", "prepare a model that has not been prepared yet")
    linear = nn.Linear(matrix.columns, matrix.rows, bias=matrix.bias is not None, device="meta")
    linear.weight = nn.Parameter(matrix.dense(dtype), requires_grad=False)
    if matrix.bias is not None:
        linear.bias = nn.Parameter(matrix.bias.to(dtype), requires_grad=False)
    return linear
