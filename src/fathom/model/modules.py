"""Modules that layers are made of: linear, norm, gated feed-forward network.

D hidden · I intermediate width
"""

from __future__ import annotations

from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from fathom.kernels.matmul import linear
from fathom.kernels.norm import rms_norm
from fathom.kernels.swiglu import swiglu_linear

Activation = Literal["silu", "gelu_tanh"]


class Linear(nn.Linear):
    """x Wᵀ + bias: (…, I) → (…, O), by the operation ``matmul.linear``; torch's module in everything else."""

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002 - torch's name for it
        return linear(input, self.weight, self.bias)


class RMSNorm(nn.Module):
    """x / rms(x) · (weight + offset) over the last dimension (arXiv 1910.07467); accumulates in float32.

    With an offset the sum is float32 as well: in bfloat16 it would lose the last bits of the weight.
    """

    def __init__(self, size: int, eps: float, offset: int = 0) -> None:
        super().__init__()
        self.eps = eps
        self.offset = offset
        self.weight = nn.Parameter(torch.full((size,), 1.0 - offset))

    def forward(self, x: Tensor, dtype: torch.dtype | None = None) -> Tensor:
        """The result is of ``dtype``; None: of x's."""
        if not self.offset:
            return rms_norm(x, self.weight, self.eps, dtype or x.dtype)
        wide = torch.promote_types(x.dtype, torch.float32)
        return rms_norm(x.to(wide), self.factors().to(wide), self.eps, dtype or x.dtype)

    def factors(self) -> Tensor:
        """What the normed channels are multiplied with; float32 where the weight is narrower."""
        return self.weight.to(torch.promote_types(self.weight.dtype, torch.float32)) + self.offset

    def extra_repr(self) -> str:
        return f"{len(self.weight)}, eps={self.eps:g}" + (f", offset={self.offset}" if self.offset else "")


def matmul_dtype(x: Tensor) -> torch.dtype:
    """The dtype that products with x are computed in: autocast's, or its own. A norm that rounds to it at once saves a
    copy in each of the products after it.
    """
    device = x.device.type
    return torch.get_autocast_dtype(device) if torch.is_autocast_enabled(device) else x.dtype


class MLP(nn.Module):
    """SwiGLU (arXiv 2002.05202): down(silu(gate(x)) · up(x)), without biases: (…, D) → (…, D).

    ``activation`` "gelu_tanh": GeGLU, with GELU in its approximation by tanh in place of silu.
    """

    def __init__(self, width: int, intermediate: int, activation: Activation = "silu") -> None:
        super().__init__()
        self.activation = activation
        self.gate = Linear(width, intermediate, bias=False)
        self.up = Linear(width, intermediate, bias=False)
        self.down = Linear(intermediate, width, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        if self.activation == "gelu_tanh":
            return self.down(F.gelu(self.gate(x), approximate="tanh") * self.up(x))
        if torch.is_grad_enabled() and type(self.gate) is type(self.up) is Linear:
            return self.down(swiglu_linear(x, self.gate.weight, self.up.weight))
        return self.down(F.silu(self.gate(x)) * self.up(x))  # for hooks, adapters and quantized weights
