"""What we write, read by the ``gguf`` package's reader."""

from pathlib import Path

import gguf
import numpy as np

from fathom.checkpoint.gguf.types import BlockType
from fathom.checkpoint.gguf.writer import Pending, write_gguf

WRITTEN = [BlockType.F32, BlockType.F16, BlockType.BF16, BlockType.Q8_0, BlockType.Q4_0, BlockType.Q4_1]


def test_the_gguf_package_reads_what_we_write(tmp_path: Path) -> None:
    path = tmp_path / "model.gguf"
    numbers = np.random.default_rng(0).standard_normal((4, 64), dtype=np.float32)
    metadata = {
        "general.architecture": "llama",
        "llama.block_count": 2,
        "llama.rope.freq_base": 10000.0,
        "tokenizer.ggml.add_bos_token": False,
        "tokenizer.ggml.tokens": ["a", "日"],
        "tokenizer.ggml.token_type": [1, 3],
    }

    write_gguf(path, metadata, [Pending(type_.name, (4, 64), type_, lambda: numbers) for type_ in WRITTEN])
    theirs = gguf.GGUFReader(path)

    assert {key: theirs.fields[key].contents() for key in metadata} == metadata
    for tensor, type_ in zip(theirs.tensors, WRITTEN, strict=True):
        assert (tensor.name, tensor.tensor_type.name, tensor.shape.tolist()) == (type_.name, type_.name, [64, 4])
        decoded = gguf.quants.dequantize(tensor.data, tensor.tensor_type)
        assert np.abs(decoded - numbers).max() <= {"F32": 0, "F16": 2e-3, "BF16": 2e-2, "Q8_0": 0.02}.get(
            type_.name, 0.4
        )
