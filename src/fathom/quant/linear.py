"""Linear and embedding modules for inference over weights in a storage format. They hold no parameters."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from fathom.kernels.formats.matrix import Matrix
from fathom.kernels.matmul import embedding, quantized_linear


class QuantizedLinear(nn.Module):
    """x Wᵀ + bias: (…, K) → (…, N) in x's type."""

    def __init__(self, matrix: Matrix) -> None:
        super().__init__()
        self.matrix = matrix

    def forward(self, x: Tensor) -> Tensor:
        return quantized_linear(x, self.matrix)

    def extra_repr(self) -> str:
        return f"{self.matrix.columns} → {self.matrix.rows}, {self.matrix.kind}"


class QuantizedEmbedding(nn.Module):
    """Token ids (…) → rows (…, K) of ``dtype``."""

    def __init__(self, matrix: Matrix, dtype: torch.dtype) -> None:
        super().__init__()
        self.matrix = matrix
        self.dtype = dtype

    def forward(self, tokens: Tensor) -> Tensor:
        return embedding(tokens, self.matrix, self.dtype)

    def extra_repr(self) -> str:
        return f"{self.matrix.rows} × {self.matrix.columns}, {self.matrix.kind} → {self.dtype}"
