"""Number types of a model for inference on a device, and the memory that its weights take in them.

``auto`` is bfloat16 on a GPU. On the CPU activations are float32, in which a completion does not depend on the requests
that it shares batches with: bfloat16 rounds differently with the shape of a product, and a tie between two tokens then
falls differently. Matrices that the kernels read in bfloat16 keep that type beside float32 activations, exact on the
file's numbers, so that decoding, which reads every weight for every token, takes no longer.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import nn

from fathom.base.device import pick_dtype
from fathom.base.errors import CheckpointError
from fathom.base.memory import detect
from fathom.base.progress import Report, human_bytes
from fathom.model.transformer import Transformer
from fathom.quant.prepare import quantizable


@dataclass(frozen=True, slots=True)
class Precision:
    """``storage`` of linears and embedding; ``compute`` of activations and all other parameters."""

    storage: torch.dtype
    compute: torch.dtype


def pick_precision(dtype: str, model: Transformer, device: torch.device, *, narrow: bool, report: Report) -> Precision:
    """The types for ``dtype`` float32, bfloat16 or auto. ``narrow``: bfloat16 may store the matrices."""
    if dtype != "auto" or device.type != "cpu":
        number = pick_dtype(dtype, device)
        return Precision(number, number)
    precision = Precision(torch.bfloat16 if narrow else torch.float32, torch.float32)
    if _fits(weight_bytes(model, precision), device):
        return precision
    report("note: float32 does not fit into memory: in bfloat16 an answer may depend on the load", None)
    return Precision(torch.bfloat16, torch.bfloat16)


def weight_bytes(model: Transformer, precision: Precision) -> int:
    """Bytes of the weights that ``model`` has on the meta device, in these types."""
    matrices = sum(module.weight.numel() for module in _matrices(model))
    rest = sum(tensor.numel() for tensor in model.state_dict().values()) - matrices
    return matrices * precision.storage.itemsize + rest * precision.compute.itemsize


def allocate(model: Transformer, precision: Precision, device: torch.device) -> None:
    """Move a model from the meta device to memory without content. CheckpointError where the machine is too small."""
    is_wide = precision.storage == torch.float32
    smaller = "choose --dtype bfloat16 or a smaller model" if is_wide else "choose a smaller model"
    form = f"in {str(precision.storage).removeprefix('torch.')}"
    require_memory(weight_bytes(model, precision), device, form, smaller)
    model.to(precision.compute)
    for module in _matrices(model):
        module.weight = nn.Parameter(module.weight.to(precision.storage), requires_grad=False)
    model.to_empty(device=device)


def _matrices(model: Transformer) -> list[nn.Linear | nn.Embedding]:
    """Those that ``model`` has: blocks of a file may have replaced some."""
    return [module for _, module in quantizable(model) if getattr(module, "weight", None) is not None]


def require_memory(needed: int, device: torch.device, form: str, remedy: str = "choose a smaller model") -> None:
    """CheckpointError where ``device`` has less memory than ``needed`` bytes of weights of that ``form``."""
    if not _fits(needed, device):
        total = human_bytes(_memory_of(device))
        raise CheckpointError(f"the weights take {human_bytes(needed)} {form}, and {device} has {total}", remedy)


def _fits(needed: int, device: torch.device) -> bool:
    return needed <= (_memory_of(device) or needed)


def _memory_of(device: torch.device) -> int:
    """Bytes; 0 where they are unknown."""
    return detect().total if device.type == "cpu" else torch.cuda.get_device_properties(device).total_memory
