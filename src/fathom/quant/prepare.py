"""Turns a built model into one that only infers, from outside.

    none        every weight keeps its format (a GGUF file's blocks included); layers are fused
    float32     dense weights and activations in float32: results do not depend on what else is in the batch
    bfloat16    the same in bfloat16
    q8_0        dense weights in 8 bits by blocks of 32; activations in bfloat16
    q4_1, q4_0  in 4 bits; embedding and head in 8, where rounding shows at once
    auto        quantized weights keep their format, dense ones become bfloat16; activations in bfloat16

The absorbed form of latent attention multiplies by pieces of ``kv_up``, and experts are one stacked parameter, so both
stay dense tensors. Gradients and ``state_dict`` are gone afterwards: save before, not after.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

import torch
from torch import nn

from fathom.base.errors import ConfigError
from fathom.kernels.formats.matrix import Matrix, dense, has_whole_blocks, quantize
from fathom.kernels.formats.table import BLOCK_FORMATS
from fathom.model.decoder_layer import DecoderLayer
from fathom.model.mla import MLAttention
from fathom.model.transformer import Transformer
from fathom.quant.fused_layer import fuse
from fathom.quant.linear import QuantizedEmbedding, QuantizedLinear

NO_WEIGHTS: Mapping[str, Matrix] = {}


def prepare(
    model: Transformer,
    scheme: str = "auto",
    dtype: torch.dtype | None = None,
    weights: Mapping[str, Matrix] = NO_WEIGHTS,
) -> Transformer:
    """Replace layers, linears and embedding of ``model`` for inference, in place, and return it.

    ``dtype`` is the type of activations where the scheme's own is not wanted: float32 on quantized weights is exact on
    the codes, bfloat16 fills prompts two to three times as fast. Outputs change by rounding only: that of ``dtype``,
    and with q8_0 and q4 that of the codes. ``weights`` by the name of their parameter ("layers.0.mlp.up.weight") are
    used instead of the model's own, which may be missing (:func:`quantizable`). Raises :class:`ConfigError` for an
    unknown scheme, and for a model that was prepared before.
    """
    schemes = ("none", "float32", "bfloat16", *BLOCK_FORMATS, "auto")
    if scheme not in schemes:
        raise ConfigError(f"unknown weight format {scheme!r}", f"choose one of {', '.join(schemes)}")
    if not isinstance(model.embed, nn.Embedding):
        raise ConfigError("the model has been prepared before", "load it again to give it another format")
    dtype = _activation_dtype(model, scheme) if dtype is None else dtype
    conversion = _Conversion(model, scheme, dtype, weights)
    model.requires_grad_(False)
    conversion.replace_ends(model)
    conversion.replace_layers(model)
    conversion.replace_linears(model)
    for parameter in model.parameters():
        parameter.data = parameter.data.to(dtype)
    return model.eval()


def quantizable(model: Transformer) -> Iterator[tuple[str, nn.Linear | nn.Embedding]]:
    """Linears and embedding of a model whose weight may be in a block format, by the weight's name."""
    dense_only = _dense_only(model)
    for path, module in model.named_modules():
        if isinstance(module, (nn.Linear, nn.Embedding)) and module not in dense_only:
            yield f"{path}.weight", module


def _dense_only(model: Transformer) -> set[nn.Module]:
    """Linears whose weight the model reads as a tensor."""
    return {module.kv_up for module in model.modules() if isinstance(module, MLAttention)}


def _activation_dtype(model: nn.Module, scheme: str) -> torch.dtype:
    if scheme == "float32":
        return torch.float32
    if scheme == "none":
        return next((parameter.dtype for parameter in model.parameters()), torch.float32)
    return torch.bfloat16


class _Conversion:
    """One call of :func:`prepare`."""

    def __init__(self, model: Transformer, scheme: str, dtype: torch.dtype, weights: Mapping[str, Matrix]) -> None:
        self._scheme = scheme
        self._dtype = dtype
        self._weights = weights
        self._names = {module: name for name, module in quantizable(model)}

    def replace_ends(self, model: Transformer) -> None:
        """Embedding and head: one matrix where they are tied."""
        scheme = BLOCK_FORMATS[self._scheme].embedding_format if self._scheme in BLOCK_FORMATS else self._scheme
        embedding = self._matrix(model.embed, scheme)
        head = embedding if model.head is None else self._matrix(model.head, scheme)
        model.embed = QuantizedEmbedding(embedding, self._dtype)  # type: ignore[assignment]
        model.head = QuantizedLinear(head)  # type: ignore[assignment]

    def replace_layers(self, model: Transformer) -> None:
        for parent in list(model.modules()):
            for name, child in list(parent.named_children()):
                if isinstance(child, DecoderLayer):
                    setattr(parent, name, fuse(child, self._matrix) or child)

    def replace_linears(self, model: Transformer) -> None:
        """The linears outside fused layers."""
        for parent in list(model.modules()):
            for name, child in list(parent.named_children()):
                if isinstance(child, nn.Linear) and child in self._names:
                    setattr(parent, name, QuantizedLinear(self._matrix(child)))

    def _matrix(self, module: nn.Linear | nn.Embedding, scheme: str | None = None) -> Matrix:
        """A module's weight and bias in the format of ``scheme``, or in ``dtype`` where its rows do not divide."""
        scheme = scheme or self._scheme
        bias = module.bias if isinstance(module, nn.Linear) else None
        given = self._weights.get(self._names[module])
        if given is not None:
            return given if bias is None else replace(given, bias=bias.detach().float())
        if scheme in BLOCK_FORMATS and has_whole_blocks(module.weight):
            return quantize(module.weight, scheme, bias)
        if scheme == "none":
            return dense(module.weight, bias)
        storage = {"float32": torch.float32, "bfloat16": torch.bfloat16}.get(scheme, self._dtype)
        return dense(module.weight.to(storage), bias)
