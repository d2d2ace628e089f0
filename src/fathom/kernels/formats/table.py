"""The table of block formats. To add one, write its class beside the others and add a row here."""

from __future__ import annotations

from fathom.kernels.formats.block_format import BlockFormat
from fathom.kernels.formats.q4 import FourBit, FourBitWithMinimum
from fathom.kernels.formats.q8_0 import EightBit

BLOCK_FORMATS: dict[str, BlockFormat] = {"q8_0": EightBit(), "q4_0": FourBit(), "q4_1": FourBitWithMinimum()}
"""By the name that GGUF gives it, in lower case."""
