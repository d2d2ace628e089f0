"""Arguments of the C++ kernels: rows and addresses of tensors, and what a kernel asks of them."""

from __future__ import annotations

from ctypes import Structure
from typing import Any

import torch
from torch import Tensor

from fathom.kernels.cpu.interface import STRUCTS
from fathom.kernels.cpu.library import get_library


def run(name: str, *arguments: Any) -> None:
    """Call ``fathom_<name>``: two-dimensional tensors are rows, and the last argument is the threads."""
    function = getattr(get_library(), f"fathom_{name}")
    function(*(_rows(one) if isinstance(one, Tensor) else one for one in arguments), torch.get_num_threads())


def _rows(x: Tensor) -> Structure:
    return STRUCTS["Rows"](x.data_ptr(), x.stride(0), is_bf16(x))


def is_bf16(x: Tensor) -> bool:
    return x.dtype == torch.bfloat16


def pointer(tensor: Tensor) -> int:
    """The address of a contiguous tensor."""
    assert tensor.is_contiguous()
    return tensor.data_ptr()


def flat(x: Tensor) -> Tensor:
    """(…, D) as rows (M, D), copied only where their strides are uneven."""
    rows = x.reshape(-1, x.shape[-1])
    return rows if rows.stride(1) == 1 or rows.shape[1] == 1 else rows.contiguous()


FLOATS = (torch.float32, torch.bfloat16)


def are_floats(*tensors: Tensor) -> bool:
    """Whether all are float32 or bfloat16, on the CPU."""
    return all(x.dtype in FLOATS and x.is_cpu for x in tensors)


def wants_no_gradient(*tensors: Tensor) -> bool:
    """Whether no gradient of a call with these will be asked for."""
    return not (torch.is_grad_enabled() and any(tensor.requires_grad for tensor in tensors))
