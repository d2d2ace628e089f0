"""Writing GGUF files: what each value becomes, what is refused, and a disk that refuses."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fathom.base.errors import CheckpointError
from fathom.checkpoint.gguf.dequantize import dequantize
from fathom.checkpoint.gguf.reader import GGUFReader
from fathom.checkpoint.gguf.types import BlockType
from fathom.checkpoint.gguf.writer import FILE_TYPES, Pending, write_gguf

ARCHITECTURE = {"general.architecture": "llama"}
NUMBERS = np.random.default_rng(0).standard_normal((4, 64), dtype=np.float32)


def pending(type_: BlockType, shape: tuple[int, ...] = (4, 64)) -> Pending:
    return Pending(type_.name, shape, type_, lambda: NUMBERS)


@pytest.mark.parametrize("type_", FILE_TYPES, ids=lambda type_: type_.name)
def test_numbers_come_back_within_the_type_s_error(tmp_path: Path, type_: BlockType) -> None:
    path = tmp_path / "model.gguf"
    write_gguf(path, ARCHITECTURE, [pending(type_)])
    tensor = GGUFReader(path).tensors[type_.name]
    error = np.abs(dequantize(tensor.data, tensor.type).reshape(4, 64) - NUMBERS).max()
    assert error <= {"F32": 0, "F16": 2e-3, "BF16": 2e-2, "Q8_0": 2e-2}.get(type_.name, 0.4)


def test_values_keep_their_order_and_kind(tmp_path: Path) -> None:
    metadata: dict[str, Any] = {
        "general.name": "a name",
        **ARCHITECTURE,
        "small": 7,
        "negative": -7,
        "large": 1 << 40,
        "very.negative": -(1 << 40),
        "flag": True,
        "decimal": 0.5,
        "texts": ["a", "日"],
        "numbers": [1, -2],
        "flags": [True, False],
    }
    path = tmp_path / "model.gguf"
    write_gguf(path, metadata | {"empty": []}, [])
    read = GGUFReader(path).metadata
    assert list(read) == list(metadata)
    assert read == metadata


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (None, "is a NoneType"),
        ({"a": 1}, "is a dict"),
        ([1, "a"], "is a list of int, str"),
        ([None], "is a list of NoneType"),
    ],
)
def test_a_value_without_a_type_is_refused(tmp_path: Path, value: object, message: str) -> None:
    with pytest.raises(CheckpointError, match=message):
        write_gguf(tmp_path / "model.gguf", ARCHITECTURE | {"key": value}, [])
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("tensor", "message"),
    [
        (pending(BlockType.Q4_K, (4, 256)), "cannot write Q4_K blocks"),
        (pending(BlockType.Q8_0, (4, 48)), "rows of 48, which Q8_0 blocks of 32 do not divide"),
    ],
)
def test_a_tensor_that_no_block_fits_is_refused(tmp_path: Path, tensor: Pending, message: str) -> None:
    with pytest.raises(CheckpointError, match=message):
        write_gguf(tmp_path / "model.gguf", ARCHITECTURE, [tensor])
    assert not list(tmp_path.iterdir())


def test_a_write_that_fails_leaves_the_older_file(tmp_path: Path) -> None:
    path = tmp_path / "model.gguf"
    write_gguf(path, ARCHITECTURE, [pending(BlockType.F32)])
    before = path.read_bytes()

    def fails() -> Any:
        raise OSError(28, "No space left on device")

    with pytest.raises(CheckpointError, match="No space left"):
        write_gguf(path, ARCHITECTURE, [Pending("w", (4, 64), BlockType.F32, fails)])
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]
