"""Floating-point operations per token: two for each multiply-add of a matrix product, nothing else counted.

Norms, activations and the softmax are left out, as is usual: they cost memory traffic, not arithmetic.
"""

from __future__ import annotations

import torch

from fathom.model.config import MLAConfig, ModelConfig
from fathom.model.moe import Experts
from fathom.model.transformer import Transformer


def training(config: ModelConfig, length: int) -> float:
    """Forward and backward per token of sequences of ``length``, MTP modules included; backward costs twice forward.

    Attention is counted causally, (length + 1) / 2 keys a token, and MLA in its naive form.
    """
    with torch.device("meta"):
        model = Transformer(config)
    heads = config.vocab_size * config.hidden_size * config.num_mtp_layers  # the shared head runs once a module
    products = _active_matmul_weights(model, config) + heads
    layers = config.num_layers + config.num_mtp_layers
    return 3 * 2 * (products + layers * _scores(config, absorbed=False) * (length + 1) / 2)


def decoding(config: ModelConfig, context: int) -> float:
    """One token decoded with ``context`` keys in reach, itself included; MLA absorbed, MTP modules idle."""
    with torch.device("meta"):
        model = Transformer(config.model_copy(update={"num_mtp_layers": 0}))
    return 2 * (_active_matmul_weights(model, config) + config.num_layers * _scores(config, absorbed=True) * context)


def _active_matmul_weights(model: Transformer, config: ModelConfig) -> float:
    """Weights that one token is multiplied with: all matrices but the embedding's look-up, experts by their share."""
    matrices = sum(p.numel() for p in model.parameters() if p.dim() > 1)
    lookup = 0 if config.tie_embeddings else model.embed.weight.numel()
    routed = sum(p.numel() for part in model.modules() if isinstance(part, Experts) for p in part.parameters())
    visited = config.moe.experts_per_token / config.moe.num_experts if config.moe else 0.0
    return matrices - lookup - routed * (1 - visited)


def _scores(config: ModelConfig, *, absorbed: bool) -> int:
    """Multiply-adds of one layer per query and key: q·k and the weighted sum of values, over all heads."""
    attention = config.attention
    if not isinstance(attention, MLAConfig):
        return attention.num_heads * 2 * attention.head_dim
    if absorbed:
        return attention.num_heads * (attention.latent_dim + attention.kv_lora_rank)
    return attention.num_heads * (attention.qk_head_dim + attention.v_head_dim)
