"""The C functions of the library, typed: tensors in, tensors out. Callers have checked devices and gradients.

Structures mirror those of linear.h, layer.cpp and attention.cpp field by field.

    M rows of activations · N, K rows and columns of a weight · D hidden
    H, G query and key/value heads · C head channels
"""

from __future__ import annotations

import ctypes
from ctypes import c_float, c_int32, c_int64, c_void_p
from dataclasses import dataclass

import torch
from torch import Tensor

from fathom.kernels.dense_layer import LayerWeights
from fathom.kernels.formats.matrix import Matrix

KINDS: dict[str, int] = {"float32": 0, "bfloat16": 1, "q8_0": 2, "q4_0": 3, "q4_1": 4}


class WeightStruct(ctypes.Structure):
    _fields_ = (
        ("kind", c_int32),
        ("reserved", c_int32),
        ("rows", c_int64),
        ("columns", c_int64),
        ("data", c_void_p),
        ("bias", c_void_p),
    )


class LayerStruct(ctypes.Structure):
    _fields_ = (
        ("qkv", WeightStruct),
        ("out", WeightStruct),
        ("gate_up", WeightStruct),
        ("down", WeightStruct),
        ("attention_norm", c_void_p),
        ("mlp_norm", c_void_p),
        ("q_norm", c_void_p),
        ("k_norm", c_void_p),
        ("heads", c_int64),
        ("kv_heads", c_int64),
        ("head_dim", c_int64),
        ("norm_eps", c_float),
        ("head_norm_eps", c_float),
    )


class PagesStruct(ctypes.Structure):
    _fields_ = (
        ("data", c_void_p),
        ("page_stride", c_int64),
        ("token_stride", c_int64),
        ("head_stride", c_int64),
    )


class AttentionStruct(ctypes.Structure):
    _fields_ = (
        ("q", c_void_p),
        ("out", c_void_p),
        ("k", PagesStruct),
        ("v", PagesStruct),
        ("tables", c_void_p),
        ("query_starts", c_void_p),
        ("lengths", c_void_p),
        ("q_row_stride", c_int64),
        ("q_head_stride", c_int64),
        ("table_stride", c_int64),
        ("sequences", c_int64),
        ("heads", c_int64),
        ("kv_heads", c_int64),
        ("page_size", c_int64),
        ("key_dim", c_int64),
        ("value_dim", c_int64),
        ("scale", c_float),
        ("q_bf16", c_int32),
        ("cache_bf16", c_int32),
    )


def weight_struct(matrix: Matrix) -> WeightStruct:
    """Points into ``matrix``, which the caller keeps alive."""
    bias = None if matrix.bias is None else matrix.bias.data_ptr()
    return WeightStruct(KINDS[matrix.kind], 0, matrix.rows, matrix.columns, matrix.data.data_ptr(), bias)


def is_bf16(tensor: Tensor) -> bool:
    return tensor.dtype == torch.bfloat16


def linear(lib: ctypes.CDLL, x: Tensor, matrix: Matrix) -> Tensor:
    """x (…, K) Wᵀ + bias → (…, N) in x's type."""
    flat = x.reshape(-1, matrix.columns)
    if flat.stride(1) != 1:
        flat = flat.contiguous()
    out = x.new_empty(*x.shape[:-1], matrix.rows)
    wide = is_bf16(x)
    lib.fathom_linear(
        ctypes.byref(weight_struct(matrix)),
        c_void_p(flat.data_ptr()),
        wide,
        c_int64(flat.stride(0)),
        c_void_p(out.data_ptr()),
        wide,
        c_int64(matrix.rows),
        c_int64(flat.shape[0]),
        torch.get_num_threads(),
    )
    return out


def embedding(lib: ctypes.CDLL, tokens: Tensor, matrix: Matrix, dtype: torch.dtype) -> Tensor:
    """Rows ``tokens`` (…) int64 of the matrix → (…, K)."""
    tokens = tokens.contiguous()
    out = torch.empty(*tokens.shape, matrix.columns, dtype=dtype)
    strangers = lib.fathom_rows(
        ctypes.byref(weight_struct(matrix)),
        c_void_p(tokens.data_ptr()),
        c_void_p(out.data_ptr()),
        is_bf16(out),
        c_int64(tokens.numel()),
    )
    if strangers:
        raise IndexError(f"{strangers} token ids lie outside 0 … {matrix.rows - 1}")
    return out


@dataclass(frozen=True, slots=True)
class Attention:
    """Arguments of ``attention.paged_attention``, under its names."""

    q: Tensor
    k_pages: Tensor
    v_pages: Tensor | None
    block_tables: Tensor
    query_starts: Tensor
    context_lengths: Tensor
    scale: float
    value_dim: int


def paged_attention(lib: ctypes.CDLL, call: Attention, threads: int) -> Tensor:
    """See ``attention.paged_attention``."""
    q, k, v = call.q, call.k_pages, call.v_pages
    out = q.new_zeros(q.shape[0], q.shape[1], call.value_dim)
    arguments = AttentionStruct(
        q.data_ptr(),
        out.data_ptr(),
        _pages(k),
        PagesStruct(None, 0, 0, 0) if v is None else _pages(v),
        call.block_tables.data_ptr(),
        call.query_starts.data_ptr(),
        call.context_lengths.data_ptr(),
        q.stride(0),
        q.stride(1),
        call.block_tables.stride(0),
        call.context_lengths.shape[0],
        q.shape[1],
        k.shape[2],
        k.shape[1],
        k.shape[3],
        call.value_dim,
        call.scale,
        is_bf16(q),
        is_bf16(k),
    )
    lib.fathom_paged_attention(ctypes.byref(arguments), threads)
    return out


def _pages(pages: Tensor) -> PagesStruct:
    return PagesStruct(pages.data_ptr(), *pages.stride()[:3])


def layer_struct(layer: LayerWeights) -> LayerStruct:
    """Points into ``layer``, which the caller keeps alive."""

    def address(tensor: Tensor | None) -> int | None:
        return None if tensor is None else tensor.data_ptr()

    return LayerStruct(
        weight_struct(layer.qkv),
        weight_struct(layer.out),
        weight_struct(layer.gate_up),
        weight_struct(layer.down),
        address(layer.attention_norm),
        address(layer.mlp_norm),
        address(layer.q_norm),
        address(layer.k_norm),
        layer.heads,
        layer.kv_heads,
        layer.head_dim,
        layer.norm_eps,
        layer.head_norm_eps,
    )


def before_attention(
    lib: ctypes.CDLL, layer: LayerStruct, x: Tensor, cos: Tensor, sin: Tensor, interleaved: bool
) -> tuple[Tensor, Tensor, Tensor]:
    """See ``dense_layer.before_attention``; all contiguous."""
    count = x.shape[0]
    q = x.new_empty(count, layer.heads, layer.head_dim)
    k = x.new_empty(count, layer.kv_heads, layer.head_dim)
    v = x.new_empty(count, layer.kv_heads, layer.head_dim)
    lib.fathom_before_attention(
        ctypes.byref(layer),
        c_void_p(x.data_ptr()),
        is_bf16(x),
        c_int64(count),
        c_void_p(cos.data_ptr()),
        c_void_p(sin.data_ptr()),
        interleaved,
        c_void_p(q.data_ptr()),
        c_void_p(k.data_ptr()),
        c_void_p(v.data_ptr()),
        torch.get_num_threads(),
    )
    return q, k, v


def after_attention(lib: ctypes.CDLL, layer: LayerStruct, attended: Tensor, x: Tensor) -> Tensor:
    """See ``dense_layer.after_attention``; all contiguous."""
    out = torch.empty_like(x)
    lib.fathom_after_attention(
        ctypes.byref(layer),
        c_void_p(attended.data_ptr()),
        c_void_p(x.data_ptr()),
        c_void_p(out.data_ptr()),
        is_bf16(x),
        c_int64(x.shape[0]),
        torch.get_num_threads(),
    )
    return out
