"""Multi-token prediction (DeepSeek-V3, section 2.2): a module that predicts one token further than its predecessor.

h'_i = M [RMSNorm(h_i); RMSNorm(Emb(t_{i+1}))], one layer, and the shared head (V3 eq. 21-23). Two things follow the
published weights and the engines that run them, where the paper's formula leaves room: the projection takes the
embedding *before* the hidden state, and h_i is taken *after* the predecessor's last norm.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from fathom.model.config import ModelConfig
from fathom.model.context import AttentionContext
from fathom.model.decoder_layer import DecoderLayer
from fathom.model.modules import Linear, RMSNorm, matmul_dtype
from fathom.model.rope import Rotation


class MTPModule(nn.Module):
    """Embedding and head belong to the main model; ``layer`` is the layer's index for its context. ``block`` is a
    decoder layer, under the name that checkpoints have for it.
    """

    def __init__(self, config: ModelConfig, layer: int) -> None:
        super().__init__()
        width = config.hidden_size
        self.embed_norm = RMSNorm(width, config.norm_eps, config.norm_offset)
        self.hidden_norm = RMSNorm(width, config.norm_eps, config.norm_offset)
        self.proj = Linear(2 * width, width, bias=False)
        self.block = DecoderLayer(config, layer, routed=config.moe is not None)
        self.norm = RMSNorm(width, config.norm_eps, config.norm_offset)

    def forward(self, hidden: Tensor, embedded: Tensor, rotation: Rotation, context: AttentionContext) -> Tensor:
        """The predecessor's hidden states and the embeddings of the next tokens, (B, T, D) both → (B, T, D), normed."""
        dtype = matmul_dtype(embedded)
        x = self.proj(torch.cat((self.embed_norm(embedded, dtype), self.hidden_norm(hidden, dtype)), -1))
        return self.norm(self.block(x, rotation, context))
