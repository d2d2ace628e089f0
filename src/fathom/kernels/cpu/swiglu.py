"""C++ kernels of ``fathom.kernels.swiglu``."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from fathom.kernels import swiglu as operations
from fathom.kernels.cpu.rows import are_floats, flat, run
from fathom.kernels.matmul import linear
from fathom.kernels.registry import kernel


@kernel(are_floats)
def swiglu(gate_up: Tensor) -> Tensor:
    result: Tensor = _SwiGLU.apply(gate_up)
    return result


def _accepts(x: Tensor, gate: Tensor, up: Tensor) -> bool:
    return are_floats(x, gate)


@kernel(_accepts)
def swiglu_linear(x: Tensor, gate: Tensor, up: Tensor) -> Tensor:
    """One product reads x once, and its gradient is one."""
    return operations.swiglu(linear(x, torch.cat((gate, up))))


class _SwiGLU(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, gate_up: Tensor) -> Tensor:
        gates, ups = flat(gate_up).chunk(2, -1)
        out = gate_up.new_empty(*gate_up.shape[:-1], gates.shape[1])
        run("swiglu", gates, ups, out.view(gates.shape), *gates.shape)
        ctx.save_for_backward(gate_up)
        return out

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, d_out: Tensor) -> Tensor:
        (gate_up,) = ctx.saved_tensors
        gates, ups = flat(gate_up).chunk(2, -1)
        d_gate_up = gate_up.new_empty(gate_up.shape)
        run("swiglu_backward", gates, ups, flat(d_out), *flat(d_gate_up).chunk(2, -1), *gates.shape)
        return d_gate_up
