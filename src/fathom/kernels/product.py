"""Products of matrices: ours where the library behind torch is slow, else torch's.

MKL's products of float32 are made for Intel's processors: on AMD's they never use more than AVX2. With AVX-512 ours
are twice as fast. Without it they are a third faster on a head of fifty thousand tokens and less on others, except
where the left factor is transposed, as in gradients of weights; small matrices in a row, as Muon has them, take half
the time. oneDNN's products of bfloat16 are as fast as ours, but for many small ones, one an expert: it compiles one for
every number of rows that it has not met, and experts have others in every step (docs/log.md).

    M, K, N sizes of a product (M, K) · (K, N) · I inputs · O outputs
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd.function import once_differentiable

from fathom.base import cpu
from fathom.kernels.cpu import train_ops
from fathom.kernels.cpu.library import library

LEAST = 1 << 21
"""Multiplications below which torch's are taken: calling ours costs some microseconds."""

FEWEST = 16
"""Rows or columns below which torch's are taken: our tiles would be mostly empty."""

_TURNED = 64
"""Rows up to which the right factor, which is then most of the work to read, is read as it lies instead of packed."""


def linear(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """x (…, I) · weight (O, I)ᵀ + bias (O), as autocast has it: (…, O). Differentiable once where ours is used."""
    if not _takes_linear(x, weight):
        return F.linear(x, weight, bias)
    rows = x.reshape(-1, x.shape[-1])
    if torch.is_grad_enabled() and (x.requires_grad or weight.requires_grad):
        out: Tensor = _Linear.apply(rows, weight)
    else:
        out = mm(rows, weight.t())
    out = out.unflatten(0, x.shape[:-1])
    return out if bias is None else out + bias


def mm(a: Tensor, b: Tensor, *, out: Tensor | None = None) -> Tensor:
    """a (M, K) · b (K, N), into ``out`` (M, N) where given."""
    if out is None:
        out = a.new_empty(len(a), b.shape[1])
    if can_serve(a, b, out):
        _product(a, b, out, add=False)
        return out
    return torch.mm(a, b, out=out)


def add_mm(total: Tensor, a: Tensor, b: Tensor) -> Tensor:
    """``total`` (M, N) float32 plus a (M, K) · b (K, N), where it stands."""
    if can_serve(a, b, total):
        _product(a, b, total, add=True)
        return total
    return total.addmm_(a, b) if a.dtype == total.dtype else total.add_(a @ b)


def grouped_mm(rows: Tensor, matrices: Tensor, counts: Sequence[int]) -> Tensor:
    """Rows of group e times its matrix: ``rows`` (M, K), sorted by group, ``matrices`` (E, K, N) → (M, N)."""
    out = rows.new_empty(len(rows), matrices.shape[2])
    if _takes_groups(rows, matrices[0]):
        a, b, c = train_ops.tokens(rows), train_ops.stack(matrices), train_ops.tokens(out)
        train_ops.grouped_product(library(), a, b, c, counts, -1, *matrices.shape[1:])  # type: ignore[arg-type]
        return out
    for group, part in _parts(counts):
        torch.mm(rows[part], matrices[group], out=out[part])
    return out


def grouped_outer(left: Tensor, right: Tensor, counts: Sequence[int]) -> Tensor:
    """Σ left ⊗ right over the rows of each group: (M, A) and (M, B), sorted by group → (E, A, B) float32 (or the
    factors' wider type), 0 of no rows.
    """
    shape, dtype = (len(counts), left.shape[1], right.shape[1]), torch.promote_types(left.dtype, torch.float32)
    if _takes_groups(left.t(), right):
        out = left.new_empty(shape, dtype=dtype)
        a, b, c = train_ops.tokens(left, transposed=True), train_ops.tokens(right), train_ops.stack(out)
        train_ops.grouped_product(library(), a, b, c, counts, left.shape[1], -1, right.shape[1])  # type: ignore[arg-type]
        return out
    out = left.new_empty(shape)
    for group, part in _parts(counts):
        torch.mm(left[part].t(), right[part], out=out[group])
    return out.to(dtype)


@functools.cache
def groups_bfloat16() -> bool:
    """Whether products of groups in bfloat16 are ours: matrix units are faster, and without any it is emulated."""
    flags = cpu.detect().flags
    return "avx512_bf16" in flags and "amx_bf16" not in flags and library() is not None


def _parts(counts: Sequence[int]) -> Iterator[tuple[int, slice]]:
    start = 0
    for group, count in enumerate(counts):
        yield group, slice(start, start + count)
        start += count


def iterate_quintic(x: Tensor, iterations: int, quintic: tuple[float, float, float]) -> Tensor:
    """x ← a·x + (b·g + c·g²)·x with g = x xᵀ, so often: x (n, O, I), O ≤ I. ``x`` may be overwritten."""
    a, b, c = quintic
    if _plain(x) and x.is_contiguous() and _slow_otherwise(False) and library() is not None:
        train_ops.muon(library(), x, iterations, quintic)  # type: ignore[arg-type]
        return x
    for _ in range(iterations):
        gram = x @ x.mT  # (n, O, O)
        x = torch.baddbmm(x, torch.baddbmm(gram, gram, gram, beta=b, alpha=c), x, beta=a)
    return x


def can_serve(a: Tensor, b: Tensor, out: Tensor) -> bool:
    """Whether our kernel takes this product."""
    return _plain(a, b, out) and _takes(len(a), a.shape[1], b.shape[1], transposed=a.stride(1) != 1)


class _Linear(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, rows: Tensor, weight: Tensor) -> Tensor:
        ctx.save_for_backward(rows, weight)
        return mm(rows, weight.t())

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, Tensor | None]:
        rows, weight = ctx.saved_tensors
        for_rows = mm(gradient, weight) if ctx.needs_input_grad[0] else None
        for_weight = mm(gradient.t(), rows) if ctx.needs_input_grad[1] else None
        return for_rows, for_weight


def _takes_linear(x: Tensor, weight: Tensor) -> bool:
    if not _plain(x, weight) or not x.numel() or torch.is_autocast_enabled("cpu"):
        return False
    width = x.shape[-1]
    return _takes(x.numel() // width, width, len(weight), transposed=False)


def _plain(*tensors: Tensor) -> bool:
    return _are(torch.float32, *tensors)


def _are(dtype: torch.dtype, *tensors: Tensor) -> bool:
    return all(x.dtype == dtype and x.device.type == "cpu" for x in tensors)


def _takes(m: int, k: int, n: int, *, transposed: bool) -> bool:
    large = m * k * n >= LEAST and m >= FEWEST and n >= FEWEST
    return large and _slow_otherwise(transposed) and library() is not None


def _takes_groups(a: Tensor, b: Tensor) -> bool:
    """Whether our kernel takes products of groups; a and b are one, or, where a size counts tokens, all in a row."""
    if _are(torch.bfloat16, a, b):
        return groups_bfloat16()
    return _plain(a, b) and _takes(len(a), a.shape[1], b.shape[1], transposed=a.stride(1) != 1)


def _product(a: Tensor, b: Tensor, out: Tensor, *, add: bool) -> None:
    if len(a) <= _TURNED and len(a) < b.shape[1]:
        a, b, out = b.t(), a.t(), out.t()
    train_ops.product(library(), a, b, out, add=add)  # type: ignore[arg-type]


@functools.cache
def _slow_otherwise(transposed: bool) -> bool:
    """Whether torch's product is slower here than ours: of a left factor as it lies, or ``transposed``."""
    processor = cpu.detect()
    return processor.name.startswith("AMD") and ("avx512f" in processor.flags or not transposed)
