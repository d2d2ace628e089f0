"""SwiGLU (arXiv 2002.05202): the gate of a feed-forward network, alone and with the two products before it."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

from fathom.kernels.matmul import linear
from fathom.kernels.registry import operation


@operation()
def swiglu(gate_up: Tensor) -> Tensor:
    """silu(gate) · up of (…, 2I), gates before ups → (…, I). Differentiable."""
    gate, up = gate_up.chunk(2, -1)
    return F.silu(gate) * up


@operation()
def swiglu_linear(x: Tensor, gate: Tensor, up: Tensor) -> Tensor:
    """silu(x gateᵀ) · (x upᵀ): x (…, D), gate and up (I, D) → (…, I). Differentiable."""
    return F.silu(linear(x, gate)) * linear(x, up)
