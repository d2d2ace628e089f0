"""One ``.safetensors`` file: its directory, and its tensors read one at a time.

We parse the header ourselves, for two reasons. A truncated download must name the tensor that is cut and the bytes
that lack, at once and not when some layer is reached. And a tensor is read into memory of its own, not mapped: mapped
pages of a checkpoint as large as the machine's memory would count against the model that is being filled.

The format: https://huggingface.co/docs/safetensors
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import save_file
from torch import Tensor

from fathom.base.errors import CheckpointError

REMEDY = "the file is damaged or its download was cut: download it again"

DTYPES: Mapping[str, torch.dtype] = {
    "F64": torch.float64,
    "F32": torch.float32,
    "F16": torch.float16,
    "BF16": torch.bfloat16,
    "F8_E4M3": torch.float8_e4m3fn,
    "F8_E5M2": torch.float8_e5m2,
    "F8_E8M0": torch.float8_e8m0fnu,
    "I64": torch.int64,
    "I32": torch.int32,
    "I16": torch.int16,
    "I8": torch.int8,
    "U8": torch.uint8,
    "BOOL": torch.bool,
}

_MAX_HEADER = 100_000_000  # the format's own limit


@dataclass(frozen=True, slots=True)
class Entry:
    """The place of a tensor in the file: ``start`` counts bytes from the beginning of the file."""

    dtype: torch.dtype
    shape: tuple[int, ...]
    start: int
    size: int


class SafetensorsFile:
    """``entries`` by name. Raises CheckpointError unless the whole file is there and sound."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            with path.open("rb") as file:
                length = path.stat().st_size
                head = file.read(8)
                size = int.from_bytes(head, "little")
                if len(head) < 8 or not 2 <= size <= min(_MAX_HEADER, length - 8):
                    raise CheckpointError(f"{path} is truncated: its header is incomplete", REMEDY)
                header = _parse(file.read(size), path)
        except OSError as error:
            raise CheckpointError(
                f"{path} cannot be read: {error.strerror}", "check the path and its permissions"
            ) from error
        self.metadata: Mapping[str, str] = header.pop("__metadata__", {})
        self.entries = {name: _entry(name, raw, 8 + size, path) for name, raw in header.items()}
        for name, entry in self.entries.items():
            if entry.start + entry.size > length:
                lacking = entry.start + entry.size - length
                raise CheckpointError(f"{path} is truncated: tensor {name!r} lacks {lacking} bytes", REMEDY)

    def read(self, name: str) -> Tensor:
        """The tensor in its stored dtype, in memory of its own."""
        entry = self.entries[name]
        data = torch.empty(entry.size, dtype=torch.uint8)
        try:
            with self.path.open("rb", buffering=0) as file:
                file.seek(entry.start)
                view, done = data.numpy().data, 0
                while done < entry.size and (got := file.readinto(view[done : done + (1 << 30)])):
                    done += got
        except OSError as error:
            raise CheckpointError(f"{self.path} cannot be read: {error.strerror}", "check the disk") from error
        if done < entry.size:
            raise CheckpointError(f"{self.path} became shorter while it was read", REMEDY)
        return data.view(entry.dtype).view(entry.shape)


def _parse(raw: bytes, path: Path) -> dict[str, Any]:
    try:
        header = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise CheckpointError(f"{path} has a header that is not JSON", REMEDY) from error
    if not isinstance(header, dict):
        raise CheckpointError(f"{path} has a header that is no object", REMEDY)
    return header


def _entry(name: str, raw: Any, base: int, path: Path) -> Entry:
    described = raw if isinstance(raw, dict) else {}
    dtype, shape, offsets = str(described.get("dtype")), _sizes(described.get("shape")), described.get("data_offsets")
    span = _sizes(offsets)
    if dtype not in DTYPES:
        raise CheckpointError(f"{path} stores {name!r} as {dtype}", f"these are read: {', '.join(DTYPES)}")
    if shape is None or span is None or len(span) != 2:
        raise CheckpointError(f"{path} describes tensor {name!r} without shape and offsets", REMEDY)
    size = math.prod(shape) * DTYPES[dtype].itemsize
    if span[1] - span[0] != size:
        raise CheckpointError(f"{path} gives tensor {name!r} {span[1] - span[0]} bytes instead of {size}", REMEDY)
    return Entry(DTYPES[dtype], shape, base + span[0], size)


def _sizes(value: Any) -> tuple[int, ...] | None:
    sound = isinstance(value, list) and all(type(size) is int and size >= 0 for size in value)
    return tuple(value) if sound else None


def write_safetensors(path: Path, tensors: Mapping[str, Tensor]) -> None:
    """Write ``path`` whole or not at all; CheckpointError where the disk refuses.

    Its permissions are those of any new file: the library makes files that their owner alone can read.
    """
    partial = path.with_name(path.name + ".partial")
    try:
        partial.touch()
        mode = partial.stat().st_mode
        save_file(dict(tensors), partial, metadata={"format": "pt"})
        partial.chmod(mode)
        partial.replace(path)
    except (OSError, SafetensorError) as error:
        raise CheckpointError(
            f"{path} cannot be written: {error}", "free some space or choose another place"
        ) from error
    finally:
        partial.unlink(missing_ok=True)


def find_repeated(files: Iterable[SafetensorsFile]) -> list[str]:
    """Names that lie in more than one file."""
    seen: set[str] = set()
    repeated: list[str] = []
    for file in files:
        repeated += sorted(seen & file.entries.keys())
        seen |= file.entries.keys()
    return repeated
