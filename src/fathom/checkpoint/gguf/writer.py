"""Writing a GGUF file: metadata, then tensors one at a time, so that memory holds one tensor and not the model.

The file appears under its name only when it is complete: it is written beside it and renamed. Tensors and values are
laid out as ``fathom.checkpoint.gguf.reader`` reads them.
"""

from __future__ import annotations

import math
import os
import struct
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from fathom.base.errors import CheckpointError
from fathom.checkpoint.gguf.quantize import quantize
from fathom.checkpoint.gguf.types import BlockType

_ALIGNMENT = 32
_VERSION = 3
_UINT32, _INT32, _FLOAT32, _BOOL, _STRING, _ARRAY, _UINT64, _INT64 = 4, 5, 6, 7, 8, 9, 10, 11


@dataclass(frozen=True, slots=True)
class Pending:
    """A tensor to write: ``read`` gives its float32 numbers, of ``shape``, when its turn comes."""

    name: str
    shape: tuple[int, ...]
    type: BlockType
    read: Callable[[], np.ndarray[Any, np.dtype[np.float32]]]

    @property
    def size(self) -> int:
        return math.prod(self.shape) // self.type.block * self.type.bytes


def write_gguf(path: Path, metadata: Mapping[str, Any], tensors: Sequence[Pending]) -> None:
    """Write ``path``; CheckpointError where the disk or a value refuses.

    Types follow from Python's: int → uint32 (or wider where it must), float → float32, list[int] → int32.
    """
    partial = path.with_name(path.name + ".partial")
    try:
        with partial.open("wb") as file:
            file.write(struct.pack("<4sIQQ", b"GGUF", _VERSION, len(tensors), len(metadata)))
            for key, value in metadata.items():
                file.write(_string(key) + _value(key, value))
            _write_directory(file, tensors)
            for tensor in tensors:
                _pad(file)
                file.write(quantize(tensor.read(), tensor.type).data)
            _pad(file)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    except OSError as error:
        raise CheckpointError(
            f"{path} cannot be written: {error.strerror}", "free some space or choose another place"
        ) from error
    finally:
        partial.unlink(missing_ok=True)


def _write_directory(file: BinaryIO, tensors: Iterable[Pending]) -> None:
    offset = 0
    for tensor in tensors:
        if tensor.shape[-1] % tensor.type.block:
            raise CheckpointError(
                f"{tensor.name} has rows of {tensor.shape[-1]}, which {tensor.type.name} blocks of {tensor.type.block} "
                "do not divide",
                "write it as F16",
            )
        dims = len(tensor.shape)
        file.write(_string(tensor.name) + struct.pack(f"<I{dims}Q", dims, *reversed(tensor.shape)))
        file.write(struct.pack("<IQ", tensor.type.id, offset))
        offset += -(-tensor.size // _ALIGNMENT) * _ALIGNMENT


def _pad(file: BinaryIO) -> None:
    file.write(bytes(-file.tell() % _ALIGNMENT))


def _string(text: str) -> bytes:
    raw = text.encode()
    return struct.pack("<Q", len(raw)) + raw


def _value(key: str, value: Any) -> bytes:
    if isinstance(value, list):
        return struct.pack("<I", _ARRAY) + _array(key, value)
    if isinstance(value, bool):
        return struct.pack("<I?", _BOOL, value)
    if isinstance(value, str):
        return struct.pack("<I", _STRING) + _string(value)
    if isinstance(value, float):
        return struct.pack("<If", _FLOAT32, value)
    if isinstance(value, int):
        return _integer(value)
    raise CheckpointError(f"metadata {key} is a {type(value).__name__}", "use str, bool, int, float or a list of them")


def _integer(value: int) -> bytes:
    if value < 0:
        return struct.pack("<Ii", _INT32, value) if value >= -(1 << 31) else struct.pack("<Iq", _INT64, value)
    return struct.pack("<II", _UINT32, value) if value < 1 << 32 else struct.pack("<IQ", _UINT64, value)


def _array(key: str, values: list[Any]) -> bytes:
    kinds = {type(value) for value in values} or {str}
    if len(kinds) > 1 or not kinds <= {str, *_LISTED}:
        names = sorted(kind.__name__ for kind in kinds)
        raise CheckpointError(f"metadata {key} is a list of {', '.join(names)}", "use one of str, bool, int and float")
    kind = kinds.pop()
    if kind is str:
        return struct.pack("<IQ", _STRING, len(values)) + b"".join(_string(value) for value in values)
    id_, dtype = _LISTED[kind]
    return struct.pack("<IQ", id_, len(values)) + np.array(values, dtype=dtype).tobytes()


_LISTED: Mapping[type, tuple[int, str]] = {bool: (_BOOL, "?"), int: (_INT32, "<i4"), float: (_FLOAT32, "<f4")}
