"""A GGUF file's own blocks put into a model, to be multiplied as they are.

Dequantized, SmolLM2's 98 MB become 270 MB of bfloat16, and decoding, which reads every weight for every token, takes as
much longer. Block types that no kernel reads are left to the loader, which decodes them.
"""

from __future__ import annotations

import torch
from torch import nn

from fathom.base.errors import CheckpointError
from fathom.checkpoint.gguf.model import GGUFModel
from fathom.checkpoint.gguf.types import BlockType
from fathom.kernels.formats import Kind
from fathom.quant.blocks import from_gguf
from fathom.quant.linear import install
from fathom.quant.prepare import KEPT_DENSE

KINDS: dict[BlockType, Kind] = {BlockType.Q8_0: "q8_0", BlockType.Q4_0: "q4_0", BlockType.Q4_1: "q4_1"}


def is_packed(file: GGUFModel) -> bool:
    """Whether most bytes of a file are in formats that a kernel reads."""
    sizes = file.weights.types()
    return 2 * sum(sizes.get(kind, 0) for kind in KINDS) > sum(sizes.values())


def install_packed(model: nn.Module, file: GGUFModel, dtype: torch.dtype) -> set[str]:
    """Replace the linears and the embedding of ``model`` whose blocks ``file`` holds in a format with a kernel.

    The model may lie on the meta device: what is replaced never takes more memory than its blocks. Activations are of
    ``dtype``. Returns the names of the parameters that are gone. Follow with ``quant.prepare``, which fuses linears and
    serves tied embeddings as the head. Raises CheckpointError where scales are NaN or infinite.
    """
    replaced: set[str] = set()
    for path, module in list(model.named_modules()):
        if not isinstance(module, (nn.Linear, nn.Embedding)) or path.rpartition(".")[2] in KEPT_DENSE:
            continue
        name = f"{path}.weight"
        tensor = file.quantized_blocks(name)
        if tensor is None or tensor.type not in KINDS:
            continue
        # packing copies; the intermediate is writable because torch warns of arrays that are not
        matrix = from_gguf(KINDS[tensor.type], torch.from_numpy(tensor.rows.copy()))
        if not matrix.is_finite:
            raise CheckpointError(f"{file.path} holds NaN or infinity in {tensor.name}", "download it again")
        install(model, name, matrix, dtype)
        replaced.add(name)
    return replaced
