"""The block types of GGUF that we read: how many numbers a block holds, and in how many bytes."""

from __future__ import annotations

from enum import Enum


class BlockType(Enum):
    """Values are (id in the file, numbers per block, bytes per block), as ggml.h defines them."""

    F32 = (0, 1, 4)
    F16 = (1, 1, 2)
    Q4_0 = (2, 32, 2 + 16)
    Q4_1 = (3, 32, 2 + 2 + 16)
    Q5_0 = (6, 32, 2 + 4 + 16)
    Q5_1 = (7, 32, 2 + 2 + 4 + 16)
    Q8_0 = (8, 32, 2 + 32)
    Q2_K = (10, 256, 16 + 64 + 2 + 2)
    Q3_K = (11, 256, 32 + 64 + 12 + 2)
    Q4_K = (12, 256, 2 + 2 + 12 + 128)
    Q5_K = (13, 256, 2 + 2 + 12 + 32 + 128)
    Q6_K = (14, 256, 128 + 64 + 16 + 2)
    IQ4_NL = (20, 32, 2 + 16)
    IQ4_XS = (23, 256, 2 + 2 + 4 + 128)
    BF16 = (30, 1, 2)

    @property
    def id(self) -> int:
        return self.value[0]

    @property
    def block(self) -> int:
        """Numbers per block."""
        return self.value[1]

    @property
    def bytes(self) -> int:
        """Bytes per block."""
        return self.value[2]

    @property
    def is_quantized(self) -> bool:
        return self.block > 1

    @staticmethod
    def find(id_: int) -> BlockType | None:
        """The type with this id in a file; None for one that we do not read."""
        return _BY_ID.get(id_)


_BY_ID = {type_.id: type_ for type_ in BlockType}
