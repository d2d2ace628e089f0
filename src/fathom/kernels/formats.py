"""A weight matrix in its storage format: the one operand type of every linear kernel.

Dense matrices stay as they are, row-major. The block formats carry the numbers of GGUF's Q8_0, Q4_0 and Q4_1 unchanged
(32 columns share a float16 scale, and in Q4_1 a minimum) but in another order, because GGUF's suits a dot product
along the columns and needs a horizontal sum for each output. Here sixteen rows stand side by side, one to a lane:

    tile of 16 rows → block of 32 columns → 16 scales · 16 minima (Q4_1) · codes
    Q8_0          codes[column][row], int8
    Q4_0, Q4_1    codes[word][row], 32 bits: columns 8·word … 8·word + 7 of that row, lowest bits first

so one broadcast activation meets sixteen weights, nothing is summed across lanes, and the bits a weight occupies stay
what they were in the file. ``kernels/cpu/linear.h`` states the same layout for C++.

    N rows (outputs) · K columns (inputs) · T tiles · J blocks of a row
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

Kind = Literal["float32", "bfloat16", "q8_0", "q4_0", "q4_1"]

BLOCK = 32
TILE = 16
SCALE_BYTES = 2 * TILE
CODE_BYTES: dict[Kind, int] = {"q8_0": 512, "q4_0": 256, "q4_1": 256}
HEADER_BYTES: dict[Kind, int] = {"q8_0": 32, "q4_0": 32, "q4_1": 64}


@dataclass(frozen=True, slots=True, eq=False)
class Matrix:
    """``data`` is (N, K) where dense, else uint8 (T, J, bytes of a block of a tile). ``bias`` is float32 (N)."""

    kind: Kind
    data: Tensor
    rows: int
    columns: int
    bias: Tensor | None = None

    @property
    def is_dense(self) -> bool:
        return self.kind in {"float32", "bfloat16"}

    @property
    def num_bytes(self) -> int:
        return self.data.numel() * self.data.element_size()

    @property
    def is_finite(self) -> bool:
        """Whether no number is NaN or infinite; of blocks, the scales and minima tell."""
        header = HEADER_BYTES.get(self.kind, 0)
        numbers = self.data if self.is_dense else self.data[..., :header].contiguous().view(torch.float16)
        return bool(numbers.isfinite().all())

    def dense(self, dtype: torch.dtype = torch.float32) -> Tensor:
        """The matrix as (N, K) of ``dtype``: the specification of what the codes mean."""
        return self.data.to(dtype) if self.is_dense else _unpack(self).to(dtype)


def dense(weight: Tensor, bias: Tensor | None = None) -> Matrix:
    """A float32 or bfloat16 weight (N, K), kept in its type."""
    kind: Kind = "bfloat16" if weight.dtype == torch.bfloat16 else "float32"
    data = weight.detach().to(torch.bfloat16 if kind == "bfloat16" else torch.float32).contiguous()
    return Matrix(kind, data, weight.shape[0], weight.shape[1], _bias(bias))


def pack(kind: Kind, codes: Tensor, scales: Tensor, minima: Tensor | None = None, bias: Tensor | None = None) -> Matrix:
    """Codes (N, J, 32) — int8 for q8_0, 0 … 15 in uint8 else — and float16 scales and minima (N, J) as one matrix."""
    rows, num_blocks = codes.shape[:2]
    missing = -rows % TILE

    def tiles(x: Tensor) -> Tensor:  # (N, J, …) → (T, J, 16, …)
        padding = x.new_zeros(missing, *x.shape[1:])
        return torch.cat((x, padding)).unflatten(0, (-1, TILE)).transpose(1, 2)

    header = [tiles(scales)] if minima is None else [tiles(scales), tiles(minima)]
    parts = [part.contiguous().view(torch.uint8) for part in header]
    parts.append(_pack_codes(kind, tiles(codes)))
    return Matrix(kind, torch.cat(parts, -1).contiguous(), rows, num_blocks * BLOCK, _bias(bias))


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


def _pack_codes(kind: Kind, codes: Tensor) -> Tensor:  # (T, J, 16, 32) → (T, J, bytes)
    if kind == "q8_0":
        return codes.transpose(2, 3).contiguous().view(torch.uint8).flatten(2)
    pairs = codes[..., 0::2] | (codes[..., 1::2] << 4)  # (T, J, 16, 16)
    return pairs.unflatten(-1, (4, 4)).transpose(2, 3).flatten(2)


def _unpack(matrix: Matrix) -> Tensor:
    """(N, K) float32."""
    kind, data = matrix.kind, matrix.data
    header = HEADER_BYTES[kind]
    codes = data[..., header:]
    if kind == "q8_0":
        values = codes.contiguous().view(torch.int8).unflatten(-1, (BLOCK, TILE)).transpose(2, 3).float()
    else:
        words = codes.unflatten(-1, (4, TILE, 4)).transpose(2, 3).flatten(-2)  # (T, J, 16, 16)
        values = torch.stack((words & 15, words >> 4), -1).flatten(-2).float()  # (T, J, 16, 32)
    if kind == "q4_0":
        values = values - 8
    out = values * _halves(data[..., :SCALE_BYTES])
    if kind == "q4_1":
        out = out + _halves(data[..., SCALE_BYTES:header])
    return out.transpose(1, 2).flatten(2).flatten(0, 1)[: matrix.rows]  # (T·16, J·32)


def _halves(data: Tensor) -> Tensor:  # (T, J, 32) bytes → (T, J, 16, 1)
    return data.contiguous().view(torch.float16).float()[..., None]
