"""Reading a GGUF file: its metadata, and where each tensor's blocks lie. Weights are mapped, never copied here.

Written for two things that the ``gguf`` package's reader does not give. It is quick: a vocabulary of 150 000 strings is
parsed in one pass over the mapped bytes, because a conversation must start in seconds. And it trusts nothing: a file
may come from anywhere, so every length, count, offset and type is checked against the bytes that are really there
before anything is read or allocated, and any violation is a ``CheckpointError``.

The format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
"""

from __future__ import annotations

import math
import mmap
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fathom.base.errors import CheckpointError
from fathom.checkpoint.gguf.types import BlockType

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

REMEDY = "the file is damaged or not a GGUF model: download it again"

_SCALARS: Mapping[int, str] = {0: "<u1", 1: "<i1", 2: "<u2", 3: "<i2", 4: "<u4", 5: "<i4", 6: "<f4", 7: "?"} | {
    10: "<u8",
    11: "<i8",
    12: "<f8",
}
_STRING, _ARRAY = 8, 9
_MAX_DEPTH = 8
_MAX_DIMS = 4
_MAX_KEY = 1 << 16


@dataclass(frozen=True, slots=True)
class GGUFTensor:
    """One tensor, as stored in the file.

    ``shape`` is in torch's order, slowest first; ``data`` is flat, mapped and read-only: the pages are the operating
    system's, shared between processes, and stay readable as long as the array lives.
    """

    name: str
    type: BlockType
    shape: tuple[int, ...]
    data: NDArray[np.uint8]

    @property
    def rows(self) -> NDArray[np.uint8]:
        """The blocks, one row of bytes per row of the matrix: (prod(shape[:-1]), bytes per row)."""
        return self.data.reshape(math.prod(self.shape[:-1]), -1)


class GGUFReader:
    """``metadata`` by key, ``tensors`` by name. Raises CheckpointError for whatever is not a sound GGUF file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        cursor = _Cursor(_map(path), path)
        if cursor.take(4) != b"GGUF":
            raise CheckpointError(f"{path} is not a GGUF file", "name a .gguf file or a directory with safetensors")
        self.version = cursor.number("<I")
        if self.version not in (2, 3):
            swapped = int.from_bytes(self.version.to_bytes(4, "little"), "big")
            what = "is big-endian" if swapped in (2, 3) else f"has GGUF version {self.version}"
            raise CheckpointError(f"{path} {what}", "versions 2 and 3, little-endian, can be read: convert it anew")
        tensor_count, key_count = cursor.number("<Q"), cursor.number("<Q")
        self.metadata: dict[str, Any] = _read_metadata(cursor, key_count)
        self.tensors: dict[str, GGUFTensor] = _read_tensors(cursor, tensor_count, self._alignment())

    def _alignment(self) -> int:
        alignment = self.metadata.get("general.alignment", 32)
        if not isinstance(alignment, int) or not 8 <= alignment <= 1 << 20 or alignment & (alignment - 1):
            raise CheckpointError(f"{self.path} asks for an alignment of {alignment!r}", REMEDY)
        return alignment


def _map(path: Path) -> mmap.mmap:
    try:
        with path.open("rb") as file:
            return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except FileNotFoundError as error:
        raise CheckpointError(f"{path} does not exist", "check the path") from error
    except ValueError as error:  # mmap of an empty file
        raise CheckpointError(f"{path} is empty", REMEDY) from error
    except OSError as error:
        raise CheckpointError(f"{path} cannot be read: {error.strerror}", "check its permissions") from error


class _Cursor:
    """A position in the file's bytes; it never reads past their end."""

    def __init__(self, data: mmap.mmap, path: Path) -> None:
        import numpy as np  # noqa: PLC0415, a server that lists models without GGUF files needs none

        self.data: NDArray[np.uint8] = np.frombuffer(data, dtype=np.uint8)
        self.view = memoryview(data)
        self.path = path
        self.at = 0

    def fail(self, what: str) -> CheckpointError:
        return CheckpointError(f"{self.path} {what} at byte {self.at}", REMEDY)

    def require(self, size: int) -> None:
        if size > len(self.view) - self.at:
            raise self.fail(f"ends early: {size} more bytes are promised")

    def take(self, size: int) -> bytes:
        self.require(size)
        self.at += size
        return bytes(self.view[self.at - size : self.at])

    def number(self, format_: str) -> Any:
        return struct.unpack(format_, self.take(struct.calcsize(format_)))[0]

    def string(self, limit: int | None = None) -> str:
        size = self.number("<Q")
        if limit is not None and size > limit:
            raise self.fail(f"has a name of {size} bytes")
        try:
            return self.take(size).decode()
        except UnicodeDecodeError as error:
            raise self.fail("holds text that is not UTF-8") from error

    def strings(self, count: int) -> list[str]:
        """``count`` strings in one pass: the loop that decides how long a vocabulary takes."""
        self.require(8 * count)
        view, at, end = self.view, self.at, len(self.view)
        unpack: Callable[..., tuple[int]] = struct.Struct("<Q").unpack_from
        strings: list[str] = []
        try:
            for _ in range(count):
                start = at + 8
                at = start + unpack(view, at)[0]
                if at > end:
                    raise self.fail("ends inside a list of strings")
                strings.append(str(view[start:at], "utf-8"))
        except struct.error as error:
            raise self.fail("ends inside a list of strings") from error
        except UnicodeDecodeError as error:
            raise self.fail("holds text that is not UTF-8") from error
        self.at = at
        return strings


def _read_metadata(cursor: _Cursor, count: int) -> dict[str, Any]:
    metadata: dict[str, Any] = {}
    for _ in range(count):  # each takes bytes from the file, so a lying count runs into its end
        key = cursor.string(_MAX_KEY)
        if key in metadata:
            raise cursor.fail(f"repeats the key {key!r}")
        metadata[key] = _read_value(cursor, cursor.number("<I"))
    return metadata


def _read_value(cursor: _Cursor, kind: int) -> Any:
    if kind == _STRING:
        return cursor.string()
    if kind == _ARRAY:
        return _read_array(cursor)
    if kind not in _SCALARS:
        raise cursor.fail(f"has a value of unknown type {kind}")
    return _scalars(cursor, _SCALARS[kind], 1)[0]


def _read_array(cursor: _Cursor, depth: int = 0) -> list[Any]:
    kind, count = cursor.number("<I"), cursor.number("<Q")
    if kind == _STRING:
        return cursor.strings(count)
    if kind == _ARRAY:
        return _read_nested(cursor, count, depth)
    if kind not in _SCALARS:
        raise cursor.fail(f"has a list of unknown type {kind}")
    return _scalars(cursor, _SCALARS[kind], count)


def _read_nested(cursor: _Cursor, count: int, depth: int) -> list[Any]:
    """A list of lists, which the format allows."""
    if depth >= _MAX_DEPTH:
        raise cursor.fail(f"has lists nested more than {_MAX_DEPTH} deep")
    cursor.require(12 * count)  # the least that a list takes
    return [_read_array(cursor, depth + 1) for _ in range(count)]


def _scalars(cursor: _Cursor, dtype: str, count: int) -> list[Any]:
    size = (1 if dtype == "?" else int(dtype[-1])) * count
    cursor.require(size)
    raw = cursor.data[cursor.at : cursor.at + size]
    cursor.at += size
    values: list[Any] = (raw != 0).tolist() if dtype == "?" else raw.view(dtype).tolist()
    return values


def _read_tensors(cursor: _Cursor, count: int, alignment: int) -> dict[str, GGUFTensor]:
    entries = [_read_entry(cursor) for _ in range(_check_count(cursor, count))]
    start = -(-cursor.at // alignment) * alignment
    tensors: dict[str, GGUFTensor] = {}
    for name, type_, shape, offset in entries:
        size = math.prod(shape) // type_.block * type_.bytes
        if offset % alignment:
            raise cursor.fail(f"places tensor {name!r} at {offset}, off the alignment of {alignment}")
        if start + offset + size > len(cursor.view):
            missing = start + offset + size - len(cursor.view)
            raise CheckpointError(f"{cursor.path} is truncated: tensor {name!r} lacks {missing} bytes", REMEDY)
        if name in tensors:
            raise cursor.fail(f"repeats the tensor {name!r}")
        tensors[name] = GGUFTensor(name, type_, shape, cursor.data[start + offset : start + offset + size])
    return tensors


def _check_count(cursor: _Cursor, count: int) -> int:
    cursor.require(24 * count)  # the least that an entry takes
    return count


def _read_entry(cursor: _Cursor) -> tuple[str, BlockType, tuple[int, ...], int]:
    name = cursor.string(_MAX_KEY)
    dims = cursor.number("<I")
    if not 1 <= dims <= _MAX_DIMS:
        raise cursor.fail(f"gives tensor {name!r} {dims} dimensions")
    shape = tuple(reversed(struct.unpack(f"<{dims}Q", cursor.take(8 * dims))))
    kind, offset = cursor.number("<I"), cursor.number("<Q")
    type_ = BlockType.find(kind)
    if type_ is None:
        raise CheckpointError(
            f"{cursor.path} stores tensor {name!r} in type {kind}, which we do not read",
            f"choose a file in one of: {', '.join(t.name for t in BlockType)}",
        )
    if not all(shape) or shape[-1] % type_.block:
        raise cursor.fail(f"gives tensor {name!r} the shape {shape}, which does not fit {type_.name}")
    return name, type_, shape, offset
