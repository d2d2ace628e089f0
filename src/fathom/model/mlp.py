"""The gated feed-forward network (SwiGLU, arXiv 2002.05202)."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from fathom.kernels import product, training_rows
from fathom.model.linear import Linear


class MLP(nn.Module):
    """down(silu(gate(x)) · up(x)), without biases: (…, D) → (…, D)."""

    def __init__(self, width: int, intermediate: int) -> None:
        super().__init__()
        self.gate = Linear(width, intermediate, bias=False)
        self.up = Linear(width, intermediate, bias=False)
        self.down = Linear(intermediate, width, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        plain = type(self.gate) is Linear and type(self.up) is Linear  # nothing was put in their place
        if plain and training_rows.can_serve(x, self.gate.weight):
            both = torch.cat((self.gate.weight, self.up.weight))  # one product reads x once, and its gradient is one
            return self.down(swiglu(product.linear(x, both)))
        return self.down(F.silu(self.gate(x)) * self.up(x))


def swiglu(joined: Tensor) -> Tensor:
    """silu(gate) · up of (…, 2I), gates before ups → (…, I)."""
    if training_rows.can_serve(joined):
        return training_rows.gate(joined)
    gate, up = joined.chunk(2, -1)
    return F.silu(gate) * up
