"""A weight matrix in its storage format: the one operand type of every linear kernel.

Dense matrices stay as they are, row-major. The block formats carry the numbers of GGUF's blocks unchanged, in another
order (:mod:`fathom.kernels.formats.block_format`), so that a file's own codes are multiplied, not a copy of them blown
up to sixteen bits.

    N rows (outputs) · K columns (inputs) · T tiles · J blocks of a row
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from fathom.base.errors import CheckpointError
from fathom.kernels.formats.block_format import BLOCK, TILE, Codes, header_bytes, pack_tiles, unpack_tiles
from fathom.kernels.formats.table import BLOCK_FORMATS


@dataclass(frozen=True, slots=True, eq=False)
class Matrix:
    """``kind`` is "float32", "bfloat16" or a block format's name. ``data`` is (N, K) where dense, else uint8
    (T, J, bytes of a block of a tile). ``bias`` is float32 (N).
    """

    kind: str
    data: Tensor
    rows: int
    columns: int
    bias: Tensor | None = None

    @property
    def is_dense(self) -> bool:
        return self.kind not in BLOCK_FORMATS

    @property
    def num_bytes(self) -> int:
        return self.data.numel() * self.data.element_size()

    @property
    def is_finite(self) -> bool:
        """Whether no number is NaN or infinite; of blocks, scales and minima decide."""
        numbers = self.data
        if not self.is_dense:
            header = header_bytes(BLOCK_FORMATS[self.kind])
            numbers = self.data[..., :header].contiguous().view(torch.float16)
        return bool(numbers.isfinite().all())

    def dense(self, dtype: torch.dtype = torch.float32) -> Tensor:
        """The matrix as (N, K) of ``dtype``: the specification of what the codes mean."""
        if self.is_dense:
            return self.data.to(dtype)
        return unpack_tiles(BLOCK_FORMATS[self.kind], self.data)[: self.rows].to(dtype)


def dense(weight: Tensor, bias: Tensor | None = None) -> Matrix:
    """A float32 or bfloat16 weight (N, K), kept in its type."""
    kind = "bfloat16" if weight.dtype == torch.bfloat16 else "float32"
    data = weight.detach().to(torch.bfloat16 if kind == "bfloat16" else torch.float32).contiguous()
    return Matrix(kind, data, weight.shape[0], weight.shape[1], _bias(bias))


def quantize(weight: Tensor, kind: str, bias: Tensor | None = None) -> Matrix:
    """weight (N, K), K a multiple of 32 (:func:`has_whole_blocks`), in the block format ``kind``."""
    blocks = weight.detach().float().unflatten(1, (-1, BLOCK))  # (N, J, 32)
    return from_codes(kind, BLOCK_FORMATS[kind].quantize(blocks), bias)


def has_whole_blocks(weight: Tensor) -> bool:
    """Whether the rows of a weight (N, K) divide into blocks."""
    return weight.shape[1] % BLOCK == 0


def from_gguf(kind: str, data: Tensor, bias: Tensor | None = None) -> Matrix:
    """A file's blocks, uint8 (N, bytes of a row), unchanged. Rows may have been reordered before.

    Raises :class:`CheckpointError` where a row is not whole blocks.
    """
    block_format = BLOCK_FORMATS[kind]
    size = block_format.gguf_bytes
    if data.ndim != 2 or data.dtype != torch.uint8 or data.shape[1] % size:
        raise CheckpointError(
            f"{kind} data of shape {tuple(data.shape)} is not rows of {size}-byte blocks", "the file is damaged"
        )
    return from_codes(kind, block_format.from_gguf(data.unflatten(1, (-1, size))), bias)


def from_codes(kind: str, quantized: Codes, bias: Tensor | None = None) -> Matrix:
    """Quantized rows as one matrix, in the layout of the kernels."""
    rows, num_blocks = quantized.codes.shape[:2]
    return Matrix(kind, pack_tiles(BLOCK_FORMATS[kind], quantized), rows, num_blocks * BLOCK, _bias(bias))


def concatenate(matrices: list[Matrix]) -> Matrix:
    """One matrix whose outputs are those of ``matrices`` in order; :func:`can_concatenate` says where it exists."""
    first = matrices[0]
    bias = None
    if any(matrix.bias is not None for matrix in matrices):
        zeros = (torch.zeros(matrix.rows, device=matrix.data.device) for matrix in matrices)
        bias = torch.cat([z if m.bias is None else m.bias for m, z in zip(matrices, zeros, strict=True)])
    rows = sum(matrix.rows for matrix in matrices)
    return Matrix(first.kind, torch.cat([matrix.data for matrix in matrices]), rows, first.columns, bias)


def can_concatenate(matrices: list[Matrix]) -> bool:
    """Whether all share format and width, and all but the last fill their tiles."""
    first = matrices[0]
    same = all(matrix.kind == first.kind and matrix.columns == first.columns for matrix in matrices)
    return same and (first.is_dense or all(matrix.rows % TILE == 0 for matrix in matrices[:-1]))


def _bias(bias: Tensor | None) -> Tensor | None:
    return None if bias is None else bias.detach().float().contiguous()
