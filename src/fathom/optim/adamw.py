"""AdamW (arXiv 1711.05101), torch's fused kernel, over our parameter groups.

Fused on the CPU too: one pass over weight, gradient and both moments instead of a dozen.
"""

from __future__ import annotations

from typing import Any

import torch

from fathom.optim.config import AdamWConfig
from fathom.optim.groups import Groups


def adamw(config: AdamWConfig, groups: Groups) -> torch.optim.AdamW:
    """Kinds without parameters are left out. Each group keeps its unscheduled rate as ``base_lr``."""
    table_lr = config.lr if config.embedding_lr is None else config.embedding_lr
    chosen: list[dict[str, Any]] = [
        {"params": list(named), "lr": lr, "base_lr": lr, "weight_decay": decay}
        for named, lr, decay in (
            (groups.matrices, config.lr, config.weight_decay),
            (groups.embeddings, table_lr, config.weight_decay),
            (groups.vectors, config.lr, 0.0),
        )
        if named
    ]
    return torch.optim.AdamW(chosen, lr=config.lr, betas=config.betas, eps=config.eps, fused=True)
