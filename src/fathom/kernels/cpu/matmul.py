"""C++ kernels of ``fathom.kernels.matmul``: products, where the library behind torch is slower.

MKL's products of float32 are made for Intel's processors: on AMD's they never use more than AVX2. With AVX-512 ours
are twice as fast. Without it they are a third faster on a head of fifty thousand tokens and less on others, except
where the left factor is transposed, as in gradients of weights; small matrices in a row, as Muon has them, take half
the time. oneDNN's products of bfloat16 are as fast as ours, but for many small ones, one an expert: it compiles one for
every number of rows that it has not met, and experts have others in every step (docs/log.md).
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from fathom.base import cpu
from fathom.kernels import matmul as operations
from fathom.kernels.cpu import ops, train_ops
from fathom.kernels.cpu.library import get_library
from fathom.kernels.cpu.rows import FLOATS, wants_no_gradient
from fathom.kernels.formats.matrix import Matrix
from fathom.kernels.registry import kernel

MIN_MULTIPLICATIONS = 1 << 21
"""Multiplications below which torch's are taken: calling ours costs some microseconds."""

MIN_ROWS = 16
"""Rows or columns below which torch's are taken: our tiles would be mostly empty."""

_UNPACKED_ROWS = 64
"""Rows up to which the right factor, which is then most of the work to read, is read in place instead of packed."""


def _accepts_quantized(x: Tensor, weight: Matrix) -> bool:
    return x.dtype in FLOATS and weight.data.is_cpu and wants_no_gradient(x)


@kernel(_accepts_quantized)
def quantized_linear(x: Tensor, weight: Matrix) -> Tensor:
    return ops.linear(get_library(), x, weight)


def _accepts_embedding(tokens: Tensor, weight: Matrix, dtype: torch.dtype) -> bool:
    return dtype in FLOATS


@kernel(_accepts_embedding)
def embedding(tokens: Tensor, weight: Matrix, dtype: torch.dtype) -> Tensor:
    return ops.embedding(get_library(), tokens.long(), weight, dtype)


def _accepts_linear(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> bool:
    if not _are_float32(weight) or not x.numel() or torch.is_autocast_enabled("cpu"):
        return False
    width = x.shape[-1]
    return _is_faster(x.numel() // width, width, len(weight), transposed=False)


@kernel(_accepts_linear)
def linear(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """Differentiable once."""
    rows = x.reshape(-1, x.shape[-1])
    if torch.is_grad_enabled() and (x.requires_grad or weight.requires_grad):
        out: Tensor = _Linear.apply(rows, weight)
    else:
        out = operations.mm(rows, weight.t())
    out = out.unflatten(0, x.shape[:-1])
    return out if bias is None else out + bias


class _Linear(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, rows: Tensor, weight: Tensor) -> Tensor:
        ctx.save_for_backward(rows, weight)
        return operations.mm(rows, weight.t())

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, d_out: Tensor) -> tuple[Tensor | None, Tensor | None]:
        rows, weight = ctx.saved_tensors
        d_rows = operations.mm(d_out, weight) if ctx.needs_input_grad[0] else None
        d_weight = operations.mm(d_out.t(), rows) if ctx.needs_input_grad[1] else None
        return d_rows, d_weight


def _accepts_mm(a: Tensor, b: Tensor, *, out: Tensor | None = None) -> bool:
    plain = _are_float32(a, b) if out is None else _are_float32(a, b, out)
    return plain and _is_faster(len(a), a.shape[1], b.shape[1], transposed=a.stride(1) != 1)


@kernel(_accepts_mm)
def mm(a: Tensor, b: Tensor, *, out: Tensor | None = None) -> Tensor:
    out = a.new_empty(len(a), b.shape[1]) if out is None else out
    _product(a, b, out, add=False)
    return out


def _accepts_add_mm(total: Tensor, a: Tensor, b: Tensor) -> bool:
    return _accepts_mm(a, b, out=total)


@kernel(_accepts_add_mm)
def add_mm(total: Tensor, a: Tensor, b: Tensor) -> Tensor:
    _product(a, b, total, add=True)
    return total


def _product(a: Tensor, b: Tensor, out: Tensor, *, add: bool) -> None:
    if len(a) <= _UNPACKED_ROWS and len(a) < b.shape[1]:
        a, b, out = b.t(), a.t(), out.t()
    train_ops.product(get_library(), a, b, out, add=add)


def _accepts_groups(rows: Tensor, matrices: Tensor, counts: Sequence[int]) -> bool:
    return _takes_groups(rows, matrices[0])


@kernel(_accepts_groups)
def grouped_mm(rows: Tensor, matrices: Tensor, counts: Sequence[int]) -> Tensor:
    out = rows.new_empty(len(rows), matrices.shape[2])
    a, b, c = train_ops.tokens(rows), train_ops.stack(matrices), train_ops.tokens(out)
    train_ops.grouped_product(get_library(), a, b, c, counts, -1, *matrices.shape[1:])
    return out


def _accepts_outer(left: Tensor, right: Tensor, counts: Sequence[int]) -> bool:
    return _takes_groups(left.t(), right)


@kernel(_accepts_outer)
def grouped_outer(left: Tensor, right: Tensor, counts: Sequence[int]) -> Tensor:
    out = left.new_empty((len(counts), left.shape[1], right.shape[1]), dtype=torch.float32)
    a, b, c = train_ops.tokens(left, transposed=True), train_ops.tokens(right), train_ops.stack(out)
    train_ops.grouped_product(get_library(), a, b, c, counts, left.shape[1], -1, right.shape[1])
    return out


def _takes_groups(a: Tensor, b: Tensor) -> bool:
    """Whether ours is faster for products of groups; a and b are one, or, where a size counts tokens, all in a row.

    In bfloat16 the backend is only there where it is (``fathom.kernels.implementations``).
    """
    if a.dtype == torch.bfloat16:
        return b.dtype == torch.bfloat16
    return _are_float32(a, b) and _is_faster(len(a), a.shape[1], b.shape[1], transposed=a.stride(1) != 1)


def _accepts_newton_schulz(x: Tensor, iterations: int, quintic: tuple[float, float, float]) -> bool:
    return x.is_contiguous() and _torch_is_slow(False)


@kernel(_accepts_newton_schulz)
def newton_schulz(x: Tensor, iterations: int, quintic: tuple[float, float, float]) -> Tensor:
    train_ops.muon(get_library(), x, iterations, quintic)
    return x


def _are_float32(*tensors: Tensor) -> bool:
    return all(x.dtype == torch.float32 and x.is_cpu for x in tensors)


def _is_faster(m: int, k: int, n: int, *, transposed: bool) -> bool:
    large = m * k * n >= MIN_MULTIPLICATIONS and m >= MIN_ROWS and n >= MIN_ROWS
    return large and _torch_is_slow(transposed)


@functools.cache
def _torch_is_slow(transposed: bool) -> bool:
    """Whether torch's product is slower here than ours, of a left factor in place or ``transposed``."""
    processor = cpu.detect()
    return processor.name.startswith("AMD") and ("avx512f" in processor.flags or not transposed)
