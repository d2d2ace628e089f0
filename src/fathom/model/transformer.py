"""The model: embedding, decoder layers, norm, head. One forward serves training and decoding, with different contexts.

B batch · T tokens · D hidden · V vocabulary
"""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn

from fathom.base.errors import ConfigError
from fathom.kernels.attention import apply_softcap
from fathom.kernels.matmul import linear
from fathom.model.causal import CausalContext
from fathom.model.config import ModelConfig
from fathom.model.context import AttentionContext, CacheSpec
from fathom.model.decoder_layer import DecoderLayer
from fathom.model.init import initialize
from fathom.model.modules import Linear, RMSNorm
from fathom.model.mtp import MTPModule
from fathom.model.rope import Rope, Rotation


class Transformer(nn.Module):
    """A decoder of any family in :mod:`fathom.model.presets`.

    Builds on any device, the meta device included, and in torch's default dtype. Weights are drawn at random
    (:mod:`fathom.model.init`); a checkpoint replaces them.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        self.rope = Rope(config.rope, config.attention.rope_dim)
        window_rope = config.window.rope if config.window else None
        self.window_rope = None if window_rope is None else Rope(window_rope, config.attention.rope_dim)
        # nn.Embedding's own initialization would import torch._dynamo on the meta device: seconds, at every start
        table = torch.empty(config.vocab_size, config.hidden_size)
        self.embed = nn.Embedding(config.vocab_size, config.hidden_size, _weight=table)
        self.layers = nn.ModuleList(
            DecoderLayer(config, layer, routed=config.is_moe_layer(layer)) for layer in range(config.num_layers)
        )
        self.norm = RMSNorm(config.hidden_size, config.norm_eps, config.norm_offset)
        self.head = None if config.tie_embeddings else Linear(config.hidden_size, config.vocab_size, bias=False)
        self.mtp = nn.ModuleList(MTPModule(config, config.num_layers + d) for d in range(config.num_mtp_layers))
        initialize(self, config.init_std)

    def forward(
        self, tokens: Tensor, positions: Tensor | None = None, context: AttentionContext | None = None
    ) -> Tensor:
        """Logits (B, T, V) of the token after each of ``tokens``; see :meth:`hidden_states`."""
        return self.logits(self.hidden_states(tokens, positions, context))

    def hidden_states(
        self, tokens: Tensor, positions: Tensor | None = None, context: AttentionContext | None = None
    ) -> Tensor:
        """Hidden states (B, T, D) after the final norm.

        ``tokens`` (B, T) int64. ``positions`` (B, T) or (1, T) default to 0 … T-1, which only a context that holds no
        earlier tokens allows. ``context`` None is plain causal attention.

        Raises :class:`ConfigError` where positions are missing.
        """
        context = CausalContext() if context is None else context
        positions = _positions(tokens, positions, context)
        rotation = _rotation(self.rope, positions, context)
        sliding = rotation if self.window_rope is None else _rotation(self.window_rope, positions, context)
        still = rotation.identity() if self.config.nope_layers else rotation
        x = self.embeddings(tokens)
        for index, layer in enumerate(self.layers):
            turned = sliding if self.config.is_sliding_layer(index) else rotation
            x = layer(x, still if index in self.config.nope_layers else turned, context)
        return self.norm(x)

    def embeddings(self, tokens: Tensor) -> Tensor:
        """What the first layer receives, (B, T, D). The scale is rounded to its dtype, as published models have it."""
        x = self.embed(tokens)
        scale = self.config.embedding_scale
        return x if scale is None else x * torch.tensor(scale, dtype=x.dtype, device=x.device)

    def logits(self, hidden: Tensor) -> Tensor:
        """Logits (…, V) of hidden states (…, D), in their dtype. Serves the MTP modules as well."""
        logits = linear(hidden, self.embed.weight) if self.head is None else self.head(hidden)
        return apply_softcap(logits, self.config.logit_softcap)

    def mtp_hidden_states(
        self,
        depth: int,
        hidden: Tensor,
        tokens: Tensor,
        positions: Tensor | None = None,
        context: AttentionContext | None = None,
    ) -> Tensor:
        """Hidden states (B, T, D) of MTP module ``depth`` (0-based), whose logits predict the token after ``tokens``.

        ``hidden`` (B, T, D) comes from :meth:`hidden_states`, or from depth - 1; row i belongs to token i. ``tokens``
        (B, T) are the *next* tokens, i + 1 + depth, and ``positions`` theirs (only differences matter).
        """
        context = CausalContext() if context is None else context
        rotation = _rotation(self.rope, _positions(tokens, positions, context), context)
        return self.mtp[depth](hidden, self.embeddings(tokens), rotation, context)

    def cache_specs(self, absorbed: bool = True) -> list[CacheSpec]:
        """What each main layer hands to its context, in order."""
        return [cast("DecoderLayer", layer).cache_spec(absorbed) for layer in self.layers]


def _rotation(rope: Rope, positions: Tensor, context: AttentionContext) -> Rotation:
    return rope.rotation(positions, None if rope.short_length is None else context.lengths(positions))


def _positions(tokens: Tensor, positions: Tensor | None, context: AttentionContext) -> Tensor:
    if positions is not None:
        return positions
    if not isinstance(context, CausalContext):
        raise ConfigError("positions are missing", "pass the position of each token beside a context with a past")
    return torch.arange(tokens.shape[1], device=tokens.device)[None]
