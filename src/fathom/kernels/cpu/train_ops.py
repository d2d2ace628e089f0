"""The C functions of training, typed: tensors in, tensors out. Callers have checked devices and types.

B rows · T tokens a row · H, G query and key/value heads · Dk, Dv key and value channels
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from ctypes import c_float, c_int32, c_int64, c_void_p

import torch
from torch import Tensor


class HeadsStruct(ctypes.Structure):
    _fields_ = (("data", c_void_p), ("batch", c_int64), ("token", c_int64), ("head", c_int64))


class TrainAttentionStruct(ctypes.Structure):
    _fields_ = (
        *((name, HeadsStruct) for name in ("q", "k", "v", "out", "d_out", "d_q", "d_k", "d_v")),
        ("lse", c_void_p),
        ("first", c_void_p),
        *((name, c_int64) for name in ("B", "T", "H", "G", "Dk", "Dv")),
        ("scale", c_float),
        ("bf16", c_int32),
    )


def attention(
    lib: ctypes.CDLL, q: Tensor, k: Tensor, v: Tensor, scale: float, first: Tensor | None
) -> tuple[Tensor, Tensor]:
    """→ (B, T, H, Dv) and the logarithm of each softmax's denominator (B, H, T) float32."""
    batch, length, heads, _ = q.shape
    out = q.new_empty(batch, length, heads, v.shape[-1])
    lse = torch.empty(batch, heads, length)
    call = _call(q, k, v, out, lse, scale, first)
    lib.fathom_train_attention(ctypes.byref(call), torch.get_num_threads())
    return out, lse


def attention_backward(
    lib: ctypes.CDLL,
    inputs: tuple[Tensor, Tensor, Tensor],
    out: Tensor,
    lse: Tensor,
    d_out: Tensor,
    scale: float,
    first: Tensor | None,
) -> tuple[Tensor, Tensor, Tensor]:
    """The gradients of q, k and v."""
    q, k, v = inputs
    call = _call(q, k, v, out, lse, scale, first)
    gradients = (q.new_empty(q.shape), k.new_empty(k.shape), v.new_empty(v.shape))
    call.d_out = _heads(d_out)
    call.d_q, call.d_k, call.d_v = (_heads(gradient) for gradient in gradients)
    lib.fathom_train_attention_backward(ctypes.byref(call), torch.get_num_threads())
    return gradients


class StridedStruct(ctypes.Structure):
    _fields_ = (("data", c_void_p), ("row", c_int64), ("column", c_int64))


def product(lib: ctypes.CDLL, a: Tensor, b: Tensor, out: Tensor, *, add: bool) -> None:
    """out (M, N) = a (M, K) b (K, N), or ``add`` it; all of any strides."""
    tables = [StridedStruct(x.data_ptr(), *x.stride()) for x in (a, b, out)]
    sizes = (c_int64(size) for size in (*a.shape, b.shape[1]))
    lib.fathom_train_product(*map(ctypes.byref, tables), *sizes, int(add), torch.get_num_threads())


class GroupedStruct(ctypes.Structure):
    _fields_ = (("matrix", StridedStruct), ("group", c_int64), ("token", c_int64), ("bf16", c_int64))


def grouped_product(
    lib: ctypes.CDLL, a: GroupedStruct, b: GroupedStruct, out: GroupedStruct, counts: Sequence[int], *sizes: int
) -> None:
    """A product for each group of tokens: see train_product.h. ``sizes`` are M, K and N."""
    table = (c_int64 * len(counts))(*counts)
    numbers = (c_int64(size) for size in (len(counts), *sizes))
    lib.fathom_train_grouped(
        ctypes.byref(a), ctypes.byref(b), ctypes.byref(out), table, *numbers, torch.get_num_threads()
    )


def tokens(x: Tensor, *, transposed: bool = False) -> GroupedStruct:
    """x (M, C): its rows are the tokens; ``transposed``: of each group the transpose."""
    view = x.t() if transposed else x
    return GroupedStruct(StridedStruct(x.data_ptr(), *view.stride()), 0, x.stride(0), x.dtype == torch.bfloat16)


def stack(x: Tensor) -> GroupedStruct:
    """x (E, A, B), a matrix for each group."""
    return GroupedStruct(StridedStruct(x.data_ptr(), *x.stride()[1:]), x.stride(0), 0, x.dtype == torch.bfloat16)


def muon(lib: ctypes.CDLL, x: Tensor, iterations: int, quintic: tuple[float, float, float]) -> None:
    """Newton-Schulz iterations of x (n, O, I) float32, contiguous, where it stands."""
    sizes = (c_int64(size) for size in x.shape)
    factors = (c_float(factor) for factor in quintic)
    lib.fathom_train_muon(c_void_p(x.data_ptr()), *sizes, iterations, *factors, torch.get_num_threads())


def _call(
    q: Tensor, k: Tensor, v: Tensor, out: Tensor, lse: Tensor, scale: float, first: Tensor | None
) -> TrainAttentionStruct:
    nothing = HeadsStruct(None, 0, 0, 0)
    return TrainAttentionStruct(
        *(_heads(tensor) for tensor in (q, k, v, out)),
        *(nothing,) * 4,
        lse.data_ptr(),
        None if first is None else first.data_ptr(),
        *q.shape[:3],
        k.shape[2],
        k.shape[3],
        v.shape[3],
        scale,
        q.dtype == torch.bfloat16,
    )


def _heads(tensor: Tensor) -> HeadsStruct:
    return HeadsStruct(tensor.data_ptr(), *tensor.stride()[:3])
