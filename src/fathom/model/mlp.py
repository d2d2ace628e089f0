"""The gated feed-forward network (SwiGLU, arXiv 2002.05202)."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from fathom.kernels.swiglu import swiglu_linear
from fathom.model.linear import Linear


class MLP(nn.Module):
    """down(silu(gate(x)) · up(x)), without biases: (…, D) → (…, D)."""

    def __init__(self, width: int, intermediate: int) -> None:
        super().__init__()
        self.gate = Linear(width, intermediate, bias=False)
        self.up = Linear(width, intermediate, bias=False)
        self.down = Linear(intermediate, width, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        if type(self.gate) is Linear and type(self.up) is Linear:
            return self.down(swiglu_linear(x, self.gate.weight, self.up.weight))
        return self.down(F.silu(self.gate(x)) * self.up(x))  # where adapters or quantized weights took their place
