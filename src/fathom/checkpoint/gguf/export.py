"""Writing a model as one GGUF file that llama.cpp, and ``fathom.checkpoint.gguf.model``, load.

Matrices take the chosen block type. What is small and decides much keeps its precision: norms, biases and routers stay
float32, and under four bits embedding and head take Q8_0. Multi-token-prediction modules are further blocks behind the
last, as llama.cpp has them since August 2026.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor

from fathom.checkpoint.gguf.config import llama3_divisors, write_config
from fathom.checkpoint.gguf.dequantize import Floats
from fathom.checkpoint.gguf.model import ROPE_DIVISORS, ROPE_LONG, ROPE_SHORT, table_for
from fathom.checkpoint.gguf.types import BlockType
from fathom.checkpoint.gguf.writer import FILE_TYPES, Pending, write_gguf
from fathom.checkpoint.layouts import joined_shape, stored_shape, take_joined
from fathom.checkpoint.names import Place
from fathom.model.config import Llama3Scaling, LongRopeScaling, ModelConfig
from fathom.model.transformer import Transformer
from fathom.text.template.files import gguf_metadata
from fathom.text.template.template import ChatTemplate

_FOUR_BITS = (BlockType.Q4_0, BlockType.Q4_1)


def save_gguf(
    path: Path,
    model: Transformer,
    vocabulary: Mapping[str, Any],
    *,
    template: ChatTemplate | None = None,
    block_type: BlockType = BlockType.Q8_0,
    name: str = "fathom",
    license_: str | None = None,
    mtp: bool = True,
) -> None:
    """Write ``model`` with matrices in ``block_type``, one of ``gguf.writer.FILE_TYPES``.

    ``vocabulary`` holds the ``tokenizer.ggml.*`` keys: from another GGUF file's metadata, or from
    ``gguf_vocabulary.vocabulary_from_directory``. Without ``mtp`` the modules that predict further tokens are left
    out: a llama.cpp that does not know those of the architecture refuses the file with them. Raises CheckpointError
    where the disk refuses, ConfigError for what the format cannot say.
    """
    config = model.config if mtp else model.config.model_copy(update={"num_mtp_layers": 0})
    metadata: dict[str, Any] = {
        "general.type": "model",
        "general.name": name,
        "general.file_type": FILE_TYPES[block_type],
        "general.quantization_version": 2,
        **write_config(config),
        **{key: value for key, value in vocabulary.items() if key.startswith("tokenizer.")},
    }
    if license_ is not None:
        metadata["general.license"] = license_
    if template is not None:
        metadata |= gguf_metadata(template.texts)
    write_gguf(path, metadata, _pending(model, config, block_type))


def _pending(model: Transformer, config: ModelConfig, block_type: BlockType) -> list[Pending]:
    table = table_for(config)
    pending: list[Pending] = []
    scaling = config.rope.scaling
    if isinstance(scaling, Llama3Scaling):
        divisors = llama3_divisors(scaling, config.rope.theta, config.attention.rope_dim)
        pending.append(_floats(ROPE_DIVISORS, divisors))
    if isinstance(scaling, LongRopeScaling):
        pending.append(_floats(ROPE_LONG, np.array(scaling.long_factors, dtype=np.float32)))
        pending.append(_floats(ROPE_SHORT, np.array(scaling.short_factors, dtype=np.float32)))
    parameters = {
        name: tensor
        for name, tensor in model.state_dict().items()
        if config.num_mtp_layers or not name.startswith("mtp.")
    }
    for name, places in table.stored_tensors(parameters, config.num_layers).items():
        shape = joined_shape([stored_shape(one, tuple(parameters[one.name].shape), config) for one in places])
        kind = _type_for(places[0].name, shape, block_type)
        pending.append(Pending(name, shape, kind, partial(_numbers, parameters, places, config)))
    return pending


def _floats(name: str, numbers: Floats) -> Pending:
    return Pending(name, numbers.shape, BlockType.F32, lambda: numbers)


def _type_for(ours: str, shape: tuple[int, ...], wanted: BlockType) -> BlockType:
    if len(shape) == 1 or ".router." in ours:
        return BlockType.F32
    if ours in ("embed.weight", "head.weight") and wanted in _FOUR_BITS:
        wanted = BlockType.Q8_0
    return wanted if shape[-1] % wanted.block == 0 else BlockType.F16


def _numbers(parameters: Mapping[str, Tensor], places: tuple[Place, ...], config: ModelConfig) -> Floats:
    numbers: Floats = np.ascontiguousarray(take_joined(parameters, places, config).float().cpu().numpy())
    return numbers
