"""Products of float32 matrices, without a gradient: ours where the library behind torch is slow, else torch's.

MKL's products are made for Intel's processors. On AMD's without AVX-512 its product of hidden states with a head of
fifty thousand tokens takes a third longer than ours (the two of the way back take as long), and its batches of small
matrices, as Muon has them, nearly twice as long (docs/log.md).

    M, K, N sizes of a product (M, K) · (K, N)
"""

from __future__ import annotations

import functools

import torch
from torch import Tensor

from fathom.base import cpu
from fathom.kernels.cpu import train_ops
from fathom.kernels.cpu.library import library

LEAST = 1 << 24
"""Multiplications below which torch's are taken: calling ours costs some microseconds."""


def mm(a: Tensor, b: Tensor, *, out: Tensor | None = None) -> Tensor:
    """a (M, K) · b (K, N), into ``out`` (M, N) where given."""
    if out is None:
        out = a.new_empty(len(a), b.shape[1])
    if served(a, b, out):
        train_ops.product(library(), a, b, out, add=False)  # type: ignore[arg-type]
        return out
    return torch.mm(a, b, out=out)


def add_mm(total: Tensor, a: Tensor, b: Tensor) -> Tensor:
    """``total`` (M, N) float32 plus a (M, K) · b (K, N), where it stands."""
    if served(a, b, total):
        train_ops.product(library(), a, b, total, add=True)  # type: ignore[arg-type]
        return total
    return total.addmm_(a, b) if a.dtype == total.dtype else total.add_(a @ b)


def iterate_quintic(x: Tensor, iterations: int, quintic: tuple[float, float, float]) -> Tensor:
    """x ← a·x + (b·g + c·g²)·x with g = x xᵀ, so often: x (n, O, I), O ≤ I. ``x`` may be overwritten."""
    a, b, c = quintic
    plain = x.dtype == torch.float32 and x.device.type == "cpu" and x.is_contiguous()
    if plain and _slow_otherwise() and library() is not None:
        train_ops.muon(library(), x, iterations, quintic)  # type: ignore[arg-type]
        return x
    for _ in range(iterations):
        gram = x @ x.mT  # (n, O, O)
        x = torch.baddbmm(x, torch.baddbmm(gram, gram, gram, beta=b, alpha=c), x, beta=a)
    return x


def served(a: Tensor, b: Tensor, out: Tensor) -> bool:
    """Whether our kernel takes this product."""
    plain = all(x.dtype == torch.float32 and x.device.type == "cpu" for x in (a, b, out))
    large = plain and a.shape[0] * a.shape[1] * b.shape[1] >= LEAST and out.stride(1) == 1
    return large and _slow_otherwise() and library() is not None


@functools.cache
def _slow_otherwise() -> bool:
    processor = cpu.detect()
    return processor.name.startswith("AMD") and "avx512f" not in processor.flags
