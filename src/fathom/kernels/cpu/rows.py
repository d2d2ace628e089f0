"""Calls of the C++ kernels that work row by row: tensors become pointers and strides, integers 64 bits wide."""

from __future__ import annotations

from ctypes import Structure, byref, c_int, c_int64, c_void_p
from typing import Any

import torch
from torch import Tensor

from fathom.kernels.cpu.library import get_library


class RowsStruct(Structure):
    _fields_ = (("data", c_void_p), ("stride", c_int64), ("bf16", c_int64))


def run(name: str, *arguments: Any) -> None:
    """Call ``fathom_<name>``: two-dimensional tensors are rows, and the last argument is the threads."""
    kernel = getattr(get_library(), f"fathom_{name}")
    kernel.restype = None
    kernel(*(_argument(one) for one in arguments), c_int(torch.get_num_threads()))


def _argument(value: Any) -> Any:
    if isinstance(value, Tensor):
        return byref(RowsStruct(value.data_ptr(), value.stride(0), value.dtype == torch.bfloat16))
    return c_int64(value) if isinstance(value, int) else value


def pointer(tensor: Tensor) -> c_void_p:
    """The address of a contiguous tensor."""
    assert tensor.is_contiguous()
    return c_void_p(tensor.data_ptr())


def flat(x: Tensor) -> Tensor:
    """(…, D) as rows (M, D), copied only where their strides are uneven."""
    rows = x.reshape(-1, x.shape[-1])
    return rows if rows.stride(1) == 1 or rows.shape[1] == 1 else rows.contiguous()


FLOATS = (torch.float32, torch.bfloat16)


def is_training(*tensors: Tensor) -> bool:
    """Whether gradients are recorded and all are floats on the CPU.

    Without gradients the references serve: at the few rows of a decoding step a call from Python costs more than the
    passes over memory that a kernel saves.
    """
    return torch.is_grad_enabled() and are_floats(*tensors)


def are_floats(*tensors: Tensor) -> bool:
    """Whether all are float32 or bfloat16, on the CPU."""
    return all(x.dtype in FLOATS and x.is_cpu for x in tensors)


def wants_no_gradient(*tensors: Tensor) -> bool:
    """Whether no gradient of a call with these will be asked for."""
    return not (torch.is_grad_enabled() and any(tensor.requires_grad for tensor in tensors))
