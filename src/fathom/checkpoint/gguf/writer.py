"""Writing a GGUF file with the ``gguf`` package: metadata, then tensor by tensor, so that memory holds one of them.

The file appears under its name only when it is complete: it is written beside it and renamed. Quantization is that of
``gguf.quants``, which equals ggml's reference bit for bit. It has no encoder for the K types, which need a search over
scales: ``llama-quantize`` of llama.cpp makes those.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gguf
import numpy as np

from fathom.base.errors import CheckpointError
from fathom.checkpoint.gguf.types import BlockType

FILE_TYPES: Mapping[BlockType, int] = {
    type_: gguf.LlamaFileType[name].value
    for type_, name in (
        (BlockType.F32, "ALL_F32"),
        (BlockType.F16, "MOSTLY_F16"),
        (BlockType.BF16, "MOSTLY_BF16"),
        (BlockType.Q8_0, "MOSTLY_Q8_0"),
        (BlockType.Q4_0, "MOSTLY_Q4_0"),
        (BlockType.Q4_1, "MOSTLY_Q4_1"),
    )
}
"""The types that can be written, each with its ``general.file_type``."""

_INTEGERS = (gguf.GGUFValueType.UINT32, gguf.GGUFValueType.INT32, gguf.GGUFValueType.UINT64, gguf.GGUFValueType.INT64)


@dataclass(frozen=True, slots=True)
class Pending:
    """A tensor to write: ``read`` gives its float32 numbers, of ``shape``, when its turn comes."""

    name: str
    shape: tuple[int, ...]
    type: BlockType
    read: Callable[[], np.ndarray[Any, np.dtype[np.float32]]]

    @property
    def size(self) -> int:
        """Bytes in the file, without padding."""
        return math.prod(self.shape) // self.type.block * self.type.bytes


def write_gguf(path: Path, metadata: Mapping[str, Any], tensors: Sequence[Pending]) -> None:
    """Write ``path``; CheckpointError where the disk or a value refuses.

    Types follow from Python's: int → uint32 (or wider where it must), float → float32, list[int] → int32. Empty lists
    are left out, as the format has no type for them.
    """
    partial = path.with_name(path.name + ".partial")
    writer = gguf.GGUFWriter(partial, arch="")  # an empty one is left out: `metadata` holds it, where the file needs it
    for key, value in metadata.items():
        if value != []:
            writer.add_key_value(key, value, _value_type(key, value))
    for tensor in tensors:
        _check(tensor)
        kind = gguf.GGMLQuantizationType[tensor.type.name]
        writer.add_tensor_info(tensor.name, tensor.shape, np.dtype(np.float32), tensor.size, kind)
    try:
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_ti_data_to_file()
        for tensor in tensors:
            writer.write_tensor_data(_quantize(tensor))
        writer.flush()
        writer.close()
        _sync(partial)
        partial.replace(path)
    except OSError as error:
        raise CheckpointError(
            f"{path} cannot be written: {error.strerror}", "free some space or choose another place"
        ) from error
    finally:
        writer.close()
        partial.unlink(missing_ok=True)


def _quantize(tensor: Pending) -> np.ndarray[Any, Any]:
    with np.errstate(over="ignore", invalid="ignore"):
        return gguf.quants.quantize(tensor.read(), gguf.GGMLQuantizationType[tensor.type.name])


def _check(tensor: Pending) -> None:
    if tensor.type not in FILE_TYPES:
        known = ", ".join(type_.name for type_ in FILE_TYPES)
        raise CheckpointError(f"cannot write {tensor.type.name} blocks", f"choose one of: {known}")
    if tensor.shape[-1] % tensor.type.block:
        raise CheckpointError(
            f"{tensor.name} has rows of {tensor.shape[-1]}, which {tensor.type.name} blocks of {tensor.type.block} "
            "do not divide",
            "write it as F16",
        )


def _value_type(key: str, value: Any) -> gguf.GGUFValueType:
    if isinstance(value, list):
        kinds = {type(item) for item in value}
        if len(kinds) > 1 or not kinds <= {str, bool, int, float}:
            names = sorted(kind.__name__ for kind in kinds)
            raise CheckpointError(f"metadata {key} is a list of {', '.join(names)}", "use one of str, bool, int, float")
        return gguf.GGUFValueType.ARRAY
    if isinstance(value, int) and not isinstance(value, bool):
        return next(kind for kind in _INTEGERS if _fits(value, kind))
    if isinstance(value, str | bool | float):
        return gguf.GGUFValueType.get_type(value)
    raise CheckpointError(f"metadata {key} is a {type(value).__name__}", "use str, bool, int, float or a list of them")


def _fits(value: int, kind: gguf.GGUFValueType) -> bool:
    limits = np.iinfo(kind.name.lower())
    return bool(limits.min <= value <= limits.max)


def _sync(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())
