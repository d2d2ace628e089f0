"""Modules that layers are made of: linear, norm, gated feed-forward network.

D hidden · I intermediate width
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from fathom.kernels.matmul import linear
from fathom.kernels.norm import rms_norm
from fathom.kernels.swiglu import swiglu_linear


class Linear(nn.Linear):
    """x Wᵀ + bias: (…, I) → (…, O), by the operation ``matmul.linear``; torch's module in everything else."""

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002 - torch's name for it
        return linear(input, self.weight, self.bias)


class RMSNorm(nn.Module):
    """x / rms(x) · weight over the last dimension (arXiv 1910.07467); accumulates in float32."""

    def __init__(self, size: int, eps: float) -> None:
        super().__init__()
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(size))

    def forward(self, x: Tensor, dtype: torch.dtype | None = None) -> Tensor:
        """The result is of ``dtype``; None: of x's."""
        return rms_norm(x, self.weight, self.eps, dtype or x.dtype)

    def extra_repr(self) -> str:
        return f"{len(self.weight)}, eps={self.eps:g}"


def matmul_dtype(x: Tensor) -> torch.dtype:
    """The dtype that products with x are computed in: autocast's, or its own. A norm that rounds to it at once saves a
    copy in each of the products after it.
    """
    device = x.device.type
    return torch.get_autocast_dtype(device) if torch.is_autocast_enabled(device) else x.dtype


class MLP(nn.Module):
    """SwiGLU (arXiv 2002.05202): down(silu(gate(x)) · up(x)), without biases: (…, D) → (…, D)."""

    def __init__(self, width: int, intermediate: int) -> None:
        super().__init__()
        self.gate = Linear(width, intermediate, bias=False)
        self.up = Linear(width, intermediate, bias=False)
        self.down = Linear(intermediate, width, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        if torch.is_grad_enabled() and type(self.gate) is type(self.up) is Linear:
            return self.down(swiglu_linear(x, self.gate.weight, self.up.weight))
        return self.down(F.silu(self.gate(x)) * self.up(x))  # for hooks, adapters and quantized weights
