"""A GGUF model: one file or a split set, its configuration, its weights, and its blocks for quantized inference."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from fathom.base.errors import CheckpointError
from fathom.checkpoint.gguf.config import read_config
from fathom.checkpoint.gguf.dequantize import dequantize
from fathom.checkpoint.gguf.reader import GGUFReader, GGUFTensor
from fathom.checkpoint.gguf.types import BlockType
from fathom.checkpoint.layouts import row_order
from fathom.checkpoint.names import NameTable, gguf_table
from fathom.model.config import ModelConfig
from fathom.model.families.registry import FAMILIES
from fathom.model.families.tensor_names import Layout

ROPE_DIVISORS = "rope_freqs.weight"

_SPLIT = re.compile(r"(?P<stem>.*)-(?P<number>\d{5})-of-(?P<count>\d{5})\.gguf")


class GGUFWeights:
    """The tensors of all parts, decoded to float32 as they are read. A ``Weights``."""

    def __init__(self, tensors: dict[str, GGUFTensor]) -> None:
        self.tensors = tensors
        self.shapes: dict[str, tuple[int, ...]] = {name: tensor.shape for name, tensor in tensors.items()}

    @property
    def nbytes(self) -> int:
        """Bytes of the stored blocks."""
        return sum(tensor.data.nbytes for tensor in self.tensors.values())

    def types(self) -> dict[BlockType, int]:
        """Block types and how many bytes each takes."""
        sizes: dict[BlockType, int] = {}
        for tensor in self.tensors.values():
            sizes[tensor.type] = sizes.get(tensor.type, 0) + tensor.data.nbytes
        return sizes

    def read(self, name: str) -> Tensor:
        tensor = self.tensors[name]
        return torch.from_numpy(dequantize(tensor.data, tensor.type)).view(tensor.shape)


class GGUFModel:
    """``metadata`` as in the (first) file, ``model_config``, ``weights``, ``table``.

    Raises CheckpointError for a damaged file or a missing part, ConfigError for a model that we do not implement.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        readers = _open_parts(path)
        self.metadata: dict[str, Any] = readers[0].metadata
        tensors: dict[str, GGUFTensor] = {}
        for reader in readers:
            if repeated := tensors.keys() & reader.tensors.keys():
                raise CheckpointError(f"{reader.path} repeats {sorted(repeated)[0]}", "download all parts again")
            tensors |= reader.tensors
        self.weights = GGUFWeights(tensors)
        divisors = self.weights.read(ROPE_DIVISORS).numpy() if ROPE_DIVISORS in tensors else None
        self.model_config: ModelConfig = read_config(self.metadata, tensors.keys(), divisors)
        self.table: NameTable = table_for(self.model_config)

    def quantized_blocks(self, parameter: str) -> GGUFTensor | None:
        """The blocks of one of our parameters, rows in our order, to be computed with as they are.

        None where the file stores the parameter in pieces, or transposed. The data is mapped from the file, except
        where rows had to change places.
        """
        form = self.table.to_theirs(parameter, self.model_config.num_layers)[-1]
        if len(form) != 1 or form[0][0] not in self.weights.tensors:
            return None
        name, place = form[0]
        stored = self.weights.tensors[name]
        if place.layout is Layout.SAME:
            return stored
        order = row_order(place, stored.shape[0], self.model_config)
        return GGUFTensor(name, stored.type, stored.shape, np.ascontiguousarray(stored.rows[order]).reshape(-1))


def table_for(config: ModelConfig) -> NameTable:
    """The names in GGUF files of the model's family."""
    return gguf_table(FAMILIES[config.family])


def _open_parts(path: Path) -> list[GGUFReader]:
    """All parts of a split model, whichever of them is named; else the one file."""
    match = _SPLIT.fullmatch(path.name)
    if match is None:
        reader = GGUFReader(path)
        if reader.metadata.get("split.count", 1) not in (0, 1):
            raise CheckpointError(
                f"{path} is part of a split model", "give the parts their names …-00001-of-0000N.gguf"
            )
        return [reader]
    count = int(match["count"])
    parts = [path.with_name(f"{match['stem']}-{number:05d}-of-{count:05d}.gguf") for number in range(1, count + 1)]
    if absent := [part.name for part in parts if not part.exists()]:
        raise CheckpointError(f"{path.parent} lacks {len(absent)} parts: {', '.join(absent)}", "download them as well")
    return [GGUFReader(part) for part in parts]
