"""A linear layer whose product is the fastest at hand, with and without gradients."""

from __future__ import annotations

from torch import Tensor, nn

from fathom.kernels.matmul import linear


class Linear(nn.Linear):
    """x Wᵀ + bias: (…, I) → (…, O). torch's layer in everything else."""

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002 - torch's name for it
        return linear(input, self.weight, self.bias)
