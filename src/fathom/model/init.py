"""Initial weights: a normal distribution of one standard deviation for every matrix (DeepSeek-V3, section 4.2: 0.006).

Departures from the paper, which says "all learnable parameters": norms start at one and biases at zero, as in
DeepSeek's own code. Depth-scaled output projections (GPT-2) were refused: the recipe trains without them.
"""

from __future__ import annotations

import torch
from torch import nn

from fathom.model.modules import RMSNorm
from fathom.model.router import Router


@torch.no_grad()
def initialize(model: nn.Module, std: float, generator: torch.Generator | None = None) -> None:
    """Draw every parameter of ``model`` anew, in place; on the meta device nothing happens.

    Matrices and stacks of them are drawn from N(0, std²); vectors are norm weights (1, less the norm's offset) or
    biases (0).
    """
    for name, parameter in model.named_parameters():
        if parameter.is_meta:
            continue
        if parameter.dim() > 1:
            parameter.normal_(0.0, std, generator=generator)
        else:
            parameter.fill_(0.0 if name.endswith("bias") else 1.0)
    for module in model.modules():
        if isinstance(module, RMSNorm) and not module.weight.is_meta:
            module.weight.fill_(1.0 - module.offset)
        if isinstance(module, Router) and module.bias is not None:
            module.bias.zero_()
