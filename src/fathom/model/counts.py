"""How large a configuration is: counted on a model built on the meta device, so that no figure drifts from the code.

DeepSeek's published figures follow from these: of V3's 37.6 B that serve a token, 0.9 B are the input embedding, of
which a token reads one row, so 36.6 B count as active (the first edition of its weight documentation said 36.7 B, which
was corrected); its 11.5 B for the MTP module leave out the projection M, 0.1 B, which is counted here.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch

from fathom.model.config import ModelConfig
from fathom.model.moe import Experts
from fathom.model.transformer import Transformer


@dataclass(frozen=True, slots=True)
class Counts:
    """Sizes of a model.

    ``parameters``: the main model, embedding and head included, without MTP modules. ``active_parameters``: of these,
    what one token is multiplied with in a mixture of experts, so neither idle experts nor an untied input embedding;
    a dense model counts as a whole. ``mtp_parameters``: what the MTP modules add of their own.
    ``kv_bytes_per_token``: the cache over all main layers, latent for MLA. ``weight_bytes``: everything held, MTP
    modules included.
    """

    parameters: int
    active_parameters: int
    mtp_parameters: int
    kv_bytes_per_token: int
    weight_bytes: int


def count(config: ModelConfig, dtype: torch.dtype = torch.bfloat16) -> Counts:
    """Count ``config`` without allocating it; bytes are those of weights and cache in ``dtype``."""
    with torch.device("meta"):
        model = Transformer(config).to(dtype)
    mtp = _size(model.mtp)
    total = _size(model) - mtp
    return Counts(
        parameters=total,
        active_parameters=total - _idle(model, config),
        mtp_parameters=mtp,
        kv_bytes_per_token=sum(spec.entries_per_token for spec in model.cache_specs()) * dtype.itemsize,
        weight_bytes=sum(tensor.nbytes for tensor in model.state_dict().values()),
    )


def _size(module: torch.nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def _idle(model: Transformer, config: ModelConfig) -> int:
    if config.moe is None:
        return 0
    routed = sum(_size(part) for part in model.layers.modules() if isinstance(part, Experts))
    idle = routed // config.moe.num_experts * (config.moe.num_experts - config.moe.experts_per_token)
    return idle + (0 if config.tie_embeddings else _size(model.embed))
