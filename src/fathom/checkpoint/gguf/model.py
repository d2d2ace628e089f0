"""A GGUF model: one file or a split set, its configuration, its weights, and its blocks for quantized inference."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from fathom.base.errors import CheckpointError
from fathom.checkpoint.gguf.config import RopeTensors, read_config
from fathom.checkpoint.gguf.dequantize import dequantize
from fathom.checkpoint.gguf.reader import GGUFReader, GGUFTensor
from fathom.checkpoint.gguf.types import BlockType
from fathom.checkpoint.layouts import row_order
from fathom.checkpoint.names import NameTable, gguf_table
from fathom.model.config import ModelConfig
from fathom.model.families.registry import FAMILIES
from fathom.model.families.tensor_names import Layout

ROPE_DIVISORS = "rope_freqs.weight"
ROPE_LONG, ROPE_SHORT = "rope_factors_long.weight", "rope_factors_short.weight"

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
        rope_tensors = RopeTensors(*(self._rope_tensor(name) for name in (ROPE_DIVISORS, ROPE_LONG, ROPE_SHORT)))
        self.model_config: ModelConfig = read_config(self.metadata, tensors.keys(), rope_tensors)
        self.table: NameTable = table_for(self.model_config)

    def _rope_tensor(self, name: str) -> NDArray[np.float32] | None:
        return self.weights.read(name).numpy() if name in self.weights.tensors else None

    def quantized_blocks(self, parameter: str, rows: Mapping[str, int]) -> GGUFTensor | None:
        """The blocks of one of our parameters, rows in our order, to be computed with as they are. ``rows`` are the row
        counts of our parameters, for tensors that hold several.

        None where the file stores the parameter in pieces, or transposed. The data is mapped from the file, except
        where rows had to change places.
        """
        layers = self.model_config.num_layers
        forms = (form for form in self.table.to_theirs(parameter, layers) if len(form) == 1)
        name, place = next((form[0] for form in forms if form[0][0] in self.weights.tensors), ("", None))
        if place is None:
            return None
        stored = self.weights.tensors[name]
        joined = [other.name for other in self.table.to_ours(name, layers)]
        if place.layout is Layout.SAME and len(joined) == 1:
            return stored
        begin = sum(rows[other] for other in joined[: joined.index(parameter)])
        part = stored.rows[begin : begin + rows[parameter]]
        if place.layout is not Layout.SAME:
            part = part[row_order(place, len(part), self.model_config)]
        shape = (len(part), *stored.shape[1:])
        return GGUFTensor(name, stored.type, shape, np.ascontiguousarray(part).reshape(-1))


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
