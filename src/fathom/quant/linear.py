"""Inference modules over weights in their storage format. They hold no parameters: nothing here is trained."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor, nn

from fathom.kernels import matmul
from fathom.kernels.formats import Matrix, dense


class PackedLinear(nn.Module):
    """x Wᵀ + bias: (…, K) → (…, N) in x's type. ``bias`` is a parameter only until ``prepare`` folds it in."""

    def __init__(self, matrix: Matrix, bias: nn.Parameter | None = None) -> None:
        super().__init__()
        self.matrix = matrix
        self.bias = bias

    def forward(self, x: Tensor) -> Tensor:
        out = matmul.quantized_linear(x, self.matrix)
        return out if self.bias is None else out + self.bias

    def extra_repr(self) -> str:
        return f"{self.matrix.columns} → {self.matrix.rows}, {self.matrix.kind}"


class PackedEmbedding(nn.Module):
    """Token ids (…) → rows (…, K) of ``dtype``."""

    def __init__(self, matrix: Matrix, dtype: torch.dtype) -> None:
        super().__init__()
        self.matrix = matrix
        self.dtype = dtype

    def forward(self, tokens: Tensor) -> Tensor:
        return matmul.embedding(tokens, self.matrix, self.dtype)

    def extra_repr(self) -> str:
        return f"{self.matrix.rows} × {self.matrix.columns}, {self.matrix.kind} → {self.dtype}"


def install(model: nn.Module, name: str, matrix: Matrix, dtype: torch.dtype = torch.float32) -> None:
    """Put a packed weight where the parameter ``name`` ("layers.0.mlp.up.weight") of a built model stands.

    Its module is replaced; an embedding gives rows of ``dtype``; a bias keeps its name. Tied embeddings serve as the
    head only after ``prepare``. Raises AttributeError where the model has no such linear or embedding.
    """
    path, _, leaf = name.rpartition(".")
    parent_path, _, child = path.rpartition(".")
    parent = model.get_submodule(parent_path)
    old = parent.get_submodule(child)
    if leaf != "weight" or not isinstance(old, (nn.Linear, nn.Embedding)):
        raise AttributeError(f"{name} is not the weight of a linear or embedding module")
    new = PackedEmbedding(matrix, dtype) if isinstance(old, nn.Embedding) else PackedLinear(matrix, old.bias)
    setattr(parent, child, new)


def matrix_of(module: nn.Module) -> Matrix | None:
    """The weight of a linear or embedding module of either sort; None for any other module."""
    if isinstance(module, PackedLinear):
        return module.matrix if module.bias is None else replace(module.matrix, bias=module.bias.detach().float())
    if isinstance(module, PackedEmbedding):
        return module.matrix
    if isinstance(module, nn.Linear):
        return dense(module.weight, module.bias)
    if isinstance(module, nn.Embedding):
        return dense(module.weight)
    return None
