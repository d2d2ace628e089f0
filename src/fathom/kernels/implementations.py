"""The table of kernels: which operation has a fast implementation, on which device, for which dtypes or formats.

An operation is named ``module.function`` after its place in ``fathom.kernels``. Its kernel of a backend is the function
of the same name in the same module of the backend's package: the C++ kernel of ``norm.rms_norm`` is ``rms_norm`` in
``fathom.kernels.cpu.norm``. To add a kernel, write that function and add a row here (docs/guides/add-a-kernel.md).
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass

import torch

from fathom.base import cpu
from fathom.kernels.cpu.library import library


@dataclass(frozen=True, slots=True)
class Backend:
    """The package of the kernels of one sort, the type of device they run on, and whether this machine can use them."""

    name: str
    device: str
    package: str
    is_available: Callable[[], bool]


@dataclass(frozen=True, slots=True)
class Implementation:
    """A row: ``operation`` has a kernel in ``backend`` for these ``kinds``, which are dtypes of the operation's first
    tensor or, where a weight in a storage format decides, names of formats.

    ``training_only``: it serves while gradients are recorded. Without them the reference is as fast: at the few rows of
    a decoding step a call from Python costs more than the passes over memory that a kernel saves.
    """

    operation: str
    backend: Backend
    kinds: tuple[Hashable, ...]
    training_only: bool = False


def _has_library() -> bool:
    return library() is not None


def _multiplies_bfloat16() -> bool:
    """Whether our bfloat16 products of groups are fast: matrix units are faster, and without any it is emulated."""
    flags = cpu.detect().flags
    return "avx512_bf16" in flags and "amx_bf16" not in flags and library() is not None


CPP = Backend("cpp", "cpu", "fathom.kernels.cpu", _has_library)
CPP_BFLOAT16 = Backend("cpp-bfloat16", "cpu", "fathom.kernels.cpu", _multiplies_bfloat16)

FLOAT32 = (torch.float32,)
BFLOAT16 = (torch.bfloat16,)
FLOATS = (torch.float32, torch.bfloat16)
FORMATS = ("float32", "bfloat16", "q8_0", "q4_0", "q4_1")

TABLE = (
    Implementation("matmul.quantized_linear", CPP, FORMATS),
    Implementation("matmul.embedding", CPP, FORMATS),
    Implementation("matmul.linear", CPP, FLOAT32),
    Implementation("matmul.mm", CPP, FLOAT32),
    Implementation("matmul.add_mm", CPP, FLOAT32),
    Implementation("matmul.grouped_mm", CPP, FLOAT32),
    Implementation("matmul.grouped_mm", CPP_BFLOAT16, BFLOAT16),
    Implementation("matmul.grouped_outer", CPP, FLOAT32),
    Implementation("matmul.grouped_outer", CPP_BFLOAT16, BFLOAT16),
    Implementation("matmul.newton_schulz", CPP, FLOAT32),
    Implementation("attention.paged_attention", CPP, FLOATS),
    Implementation("attention.causal_attention", CPP, FLOATS),
    Implementation("norm.rms_norm", CPP, FLOATS, training_only=True),
    Implementation("rope.rotate", CPP, FLOATS, training_only=True),
    Implementation("rope.mla_keys", CPP, FLOATS, training_only=True),
    Implementation("swiglu.swiglu", CPP, FLOATS, training_only=True),
    Implementation("swiglu.swiglu_linear", CPP, FLOATS, training_only=True),
    Implementation("cross_entropy.cross_entropy", CPP, FLOATS, training_only=True),
    Implementation("cross_entropy.softmax_", CPP, FLOATS),
    Implementation("moe.scatter_rows", CPP, FLOATS, training_only=True),
    Implementation("moe.combine_rows", CPP, FLOATS, training_only=True),
    Implementation("dense_layer.before_attention", CPP, FLOATS),
    Implementation("dense_layer.after_attention", CPP, FLOATS),
)
