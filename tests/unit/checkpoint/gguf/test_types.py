"""The table of block types is ggml's."""

import gguf

from fathom.checkpoint.gguf.types import BlockType


def test_the_table_of_types_is_ggmls() -> None:
    for type_ in BlockType:
        theirs = gguf.GGMLQuantizationType[type_.name]
        assert (type_.id, (type_.block, type_.bytes)) == (theirs.value, gguf.GGML_QUANT_SIZES[theirs])
