"""A GGUF file's own blocks as the weights of a model, to be multiplied unchanged.

Dequantized, SmolLM2's 98 MB become 270 MB of bfloat16, and decoding, which reads every weight for every token, takes as
much longer. Block types that no kernel reads are left to the loader, which decodes them.
"""

from __future__ import annotations

import torch

from fathom.base.errors import CheckpointError
from fathom.checkpoint.gguf.model import GGUFModel
from fathom.checkpoint.gguf.types import BlockType
from fathom.kernels.formats.matrix import Matrix, from_gguf
from fathom.kernels.formats.table import BLOCK_FORMATS
from fathom.model.transformer import Transformer
from fathom.quant.prepare import quantizable


def take_quantized(model: Transformer, file: GGUFModel) -> dict[str, Matrix]:
    """The linears and the embedding of ``model`` whose blocks ``file`` holds in a format of ours, by parameter.

    The model loses those parameters, so that on the meta device what is replaced never takes more memory than its
    blocks. ``quant.prepare`` puts the result in their place. Raises CheckpointError where scales are NaN or infinite.
    """
    weights: dict[str, Matrix] = {}
    modules = dict(quantizable(model))
    rows = {name: module.weight.shape[0] for name, module in modules.items()}
    for name, module in modules.items():
        tensor = file.quantized_blocks(name, rows)
        kind = None if tensor is None else _format_name(tensor.type)
        if tensor is None or kind is None:
            continue
        # packing copies; the intermediate is writable because torch warns of arrays that are not
        matrix = from_gguf(kind, torch.from_numpy(tensor.rows.copy()))
        if not matrix.is_finite:
            raise CheckpointError(f"{file.path} holds NaN or infinity in {tensor.name}", "download it again")
        module.register_parameter("weight", None)
        weights[name] = matrix
    return weights


def _format_name(kind: BlockType) -> str | None:
    name = kind.name.lower()
    return name if name in BLOCK_FORMATS else None
