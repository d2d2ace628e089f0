"""Products of matrices: of weights in a storage format, of plain tensors, and of groups of rows with one matrix each.

M, K, N sizes of a product (M, K) · (K, N) · I inputs · O outputs · E groups
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from fathom.kernels.formats.matrix import Matrix
from fathom.kernels.registry import Key, operation, wide_dtype


def _of_weight(x: Tensor, weight: Matrix, *_: object) -> Key:
    return x.device.type, weight.kind


@operation(_of_weight)
def quantized_linear(x: Tensor, weight: Matrix) -> Tensor:
    """x Wᵀ + bias for a weight in any storage format: (…, columns) → (…, rows) in x's type, for inference.

    A row's float32 result does not depend on the other rows.
    """
    compute = wide_dtype(x.dtype)
    bias = None if weight.bias is None else weight.bias.to(compute)
    return F.linear(x.to(compute), weight.dense(compute), bias).to(x.dtype)


@operation(_of_weight)
def embedding(tokens: Tensor, weight: Matrix, dtype: torch.dtype) -> Tensor:
    """Rows ``tokens`` (…) int64 of a weight → (…, columns) of ``dtype``. Raises IndexError beyond the last row."""
    return weight.dense()[tokens].to(dtype)


@operation()
def linear(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """x (…, I) · weight (O, I)ᵀ + bias (O), under autocast in its type: (…, O). Differentiable, at least once."""
    return F.linear(x, weight, bias)


@operation()
def mm(a: Tensor, b: Tensor, *, out: Tensor | None = None) -> Tensor:
    """a (M, K) · b (K, N), into ``out`` (M, N) where given. Not differentiable."""
    return torch.mm(a, b) if out is None else torch.mm(a, b, out=out)


@operation()
def add_mm(total: Tensor, a: Tensor, b: Tensor) -> Tensor:
    """``total`` (M, N) float32 plus a (M, K) · b (K, N), in place. Not differentiable."""
    return total.addmm_(a, b) if a.dtype == total.dtype else total.add_(a @ b)


@operation()
def grouped_mm(rows: Tensor, matrices: Tensor, counts: Sequence[int]) -> Tensor:
    """Rows of group e times its matrix: ``rows`` (M, K), sorted by group, ``matrices`` (E, K, N), ``counts`` (E) rows
    of each → (M, N). Not differentiable.
    """
    out = rows.new_empty(len(rows), matrices.shape[2])
    for group, part in _parts(counts):
        torch.mm(rows[part], matrices[group], out=out[part])
    return out


@operation()
def grouped_outer(left: Tensor, right: Tensor, counts: Sequence[int]) -> Tensor:
    """Σ left ⊗ right over the rows of each group: (M, A) and (M, B), sorted by group → (E, A, B) float32 (or the
    factors' wider type), 0 for a group without rows. Not differentiable.
    """
    out = left.new_empty(len(counts), left.shape[1], right.shape[1])
    for group, part in _parts(counts):
        torch.mm(left[part].t(), right[part], out=out[group])
    return out.to(torch.promote_types(left.dtype, torch.float32))


def _parts(counts: Sequence[int]) -> Iterator[tuple[int, slice]]:
    start = 0
    for group, count in enumerate(counts):
        yield group, slice(start, start + count)
        start += count


@operation()
def newton_schulz(x: Tensor, iterations: int, quintic: tuple[float, float, float]) -> Tensor:
    """``iterations`` times x ← a·x + (b·g + c·g²)·x with g = x xᵀ: x (n, O, I), O ≤ I, which may be overwritten."""
    a, b, c = quintic
    for _ in range(iterations):
        gram = x @ x.mT  # (n, O, O)
        x = torch.baddbmm(x, torch.baddbmm(gram, gram, gram, beta=b, alpha=c), x, beta=a)
    return x
