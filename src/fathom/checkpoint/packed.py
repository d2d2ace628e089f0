"""A GGUF file's own blocks put into a model, to be multiplied as they are.

Dequantized, SmolLM2's 98 MB become 270 MB of bfloat16, and decoding, which reads every weight for every token, takes as
much longer. Block types that no kernel reads stay what the loader made of them.
"""

from __future__ import annotations

import torch
from torch import nn

from fathom.checkpoint.bundle import Bundle
from fathom.checkpoint.gguf import GGUFModel
from fathom.checkpoint.gguf_types import BlockType
from fathom.kernels.matrix import Kind
from fathom.quant.blocks import from_gguf
from fathom.quant.linear import install
from fathom.quant.prepare import KEPT_DENSE, prepare

KINDS: dict[BlockType, Kind] = {BlockType.Q8_0: "q8_0", BlockType.Q4_0: "q4_0", BlockType.Q4_1: "q4_1"}


def accelerate(bundle: Bundle) -> None:
    """Prepare a bundle's model, in place, for the kernels of the processor that it lies on.

    On the CPU weights take the form the kernels read, packed where the file packs them, and layers are fused. On
    other devices nothing changes. Afterwards the model only infers.
    """
    parameter = next(bundle.model.parameters())
    if parameter.device.type != "cpu":
        return
    if bundle.gguf is not None:
        install_packed(bundle.model, bundle.gguf, parameter.dtype)
    prepare(bundle.model, "none", parameter.dtype)


def install_packed(model: nn.Module, file: GGUFModel, dtype: torch.dtype) -> int:
    """Replace the linears and the embedding of ``model`` whose blocks ``file`` holds in a format with a kernel.

    Activations are of ``dtype``. Returns how many were replaced. Follow with ``quant.prepare``, which fuses them and
    serves tied embeddings as the head.
    """
    replaced = 0
    for path, module in list(model.named_modules()):
        if not isinstance(module, (nn.Linear, nn.Embedding)) or path.rpartition(".")[2] in KEPT_DENSE:
            continue
        tensor = file.packed(f"{path}.weight")
        if tensor is None or tensor.type not in KINDS:
            continue
        # packing copies; the intermediate is writable because torch warns of arrays that are not
        rows = torch.from_numpy(tensor.rows.copy())
        install(model, f"{path}.weight", from_gguf(KINDS[tensor.type], rows), dtype)
        replaced += 1
    return replaced
