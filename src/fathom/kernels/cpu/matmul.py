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
from ctypes import Structure, c_int64
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from fathom.base import cpu
from fathom.kernels import matmul as operations
from fathom.kernels.cpu.interface import INTERFACE, STRUCTS, struct
from fathom.kernels.cpu.library import get_library
from fathom.kernels.cpu.rows import FLOATS, is_bf16, wants_no_gradient
from fathom.kernels.formats.matrix import Matrix
from fathom.kernels.registry import kernel

MIN_MULTIPLICATIONS = 1 << 21
"""Multiplications below which torch's are taken: calling ours costs some microseconds."""

MIN_ROWS = 16
"""Rows or columns below which torch's are taken: our tiles would be mostly empty."""

_IN_PLACE_ROWS = 64
"""Rows up to which the right factor, which is then most of the work to read, is read in place instead of copied."""

FORMATS = {name.lower(): value for name, value in INTERFACE.enum.items()}
"""The library's number of every storage format."""

_Weight = STRUCTS["Weight"]


def weight_struct(weight: Matrix) -> Structure:
    """Points into ``weight``, which the caller keeps alive."""
    bias = None if weight.bias is None else weight.bias.data_ptr()
    return _Weight(
        format=FORMATS[weight.kind],
        rows=weight.rows,
        columns=weight.columns,
        data=weight.data.data_ptr(),
        bias=bias,
    )


def _accepts_quantized(x: Tensor, weight: Matrix) -> bool:
    return x.dtype in FLOATS and weight.data.is_cpu and wants_no_gradient(x)


@kernel(_accepts_quantized)
def quantized_linear(x: Tensor, weight: Matrix) -> Tensor:
    rows = x.reshape(-1, weight.columns)
    if rows.stride(1) != 1:
        rows = rows.contiguous()
    out = x.new_empty(*x.shape[:-1], weight.rows)
    bf16 = is_bf16(x)
    get_library().fathom_quantized_linear(
        weight_struct(weight),
        rows.data_ptr(),
        bf16,
        rows.stride(0),
        out.data_ptr(),
        bf16,
        weight.rows,
        rows.shape[0],
        torch.get_num_threads(),
    )
    return out


def _accepts_embedding(tokens: Tensor, weight: Matrix, dtype: torch.dtype) -> bool:
    return dtype in FLOATS


@kernel(_accepts_embedding)
def embedding(tokens: Tensor, weight: Matrix, dtype: torch.dtype) -> Tensor:
    ids = tokens.long().contiguous()
    out = torch.empty(*ids.shape, weight.columns, dtype=dtype)
    outside = get_library().fathom_embedding(
        weight_struct(weight), ids.data_ptr(), out.data_ptr(), is_bf16(out), ids.numel()
    )
    if outside:
        raise IndexError(f"{outside} token ids are outside 0 … {weight.rows - 1}")
    return out


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
    if len(a) <= _IN_PLACE_ROWS and len(a) < b.shape[1]:
        a, b, out = b.t(), a.t(), out.t()
    matmul_into(out, a, b, add=add)


def matmul_into(out: Tensor, a: Tensor, b: Tensor, *, add: bool = False) -> None:
    """out (M, N) = a (M, K) b (K, N), or ``add`` it; all float32, of any strides."""
    get_library().fathom_matmul(*map(_matrix_struct, (a, b, out)), *a.shape, b.shape[1], add, torch.get_num_threads())


def _matrix_struct(x: Tensor) -> Structure:
    row, column = x.stride()
    return struct("Strided", data=x.data_ptr(), row=row, column=column)


def _accepts_groups(rows: Tensor, matrices: Tensor, counts: Sequence[int]) -> bool:
    return _takes_groups(rows, matrices[0])


@kernel(_accepts_groups)
def grouped_mm(rows: Tensor, matrices: Tensor, counts: Sequence[int]) -> Tensor:
    out = rows.new_empty(len(rows), matrices.shape[2])
    grouped_matmul_into(token_groups(out), token_groups(rows), matrix_groups(matrices), counts, -1, *matrices.shape[1:])
    return out


def grouped_matmul_into(
    out: Structure, a: Structure, b: Structure, counts: Sequence[int], m: int, k: int, n: int
) -> None:
    """For each group out (m, n) = a (m, k) b (k, n); a size of -1 is the group's count of tokens."""
    table = (c_int64 * len(counts))(*counts)
    get_library().fathom_grouped_matmul(a, b, out, table, len(counts), m, k, n, torch.get_num_threads())


def token_groups(x: Tensor, *, transposed: bool = False) -> Structure:
    """Groups of the rows of x (M, C), which are the tokens; ``transposed``: the transpose of each."""
    view = x.t() if transposed else x
    return struct("Grouped", matrix=_matrix_struct(view), group=0, token=x.stride(0), bf16=is_bf16(x))


def matrix_groups(x: Tensor) -> Structure:
    """x (E, A, B), a matrix for each group."""
    return struct("Grouped", matrix=_matrix_struct(x[0]), group=x.stride(0), token=0, bf16=is_bf16(x))


def _accepts_outer(left: Tensor, right: Tensor, counts: Sequence[int]) -> bool:
    return _takes_groups(left.t(), right)


@kernel(_accepts_outer)
def grouped_outer(left: Tensor, right: Tensor, counts: Sequence[int]) -> Tensor:
    out = left.new_empty((len(counts), left.shape[1], right.shape[1]), dtype=torch.float32)
    factors = token_groups(left, transposed=True), token_groups(right)
    grouped_matmul_into(matrix_groups(out), *factors, counts, left.shape[1], -1, right.shape[1])
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
    get_library().fathom_newton_schulz(x.data_ptr(), *x.shape, iterations, *quintic, torch.get_num_threads())
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
