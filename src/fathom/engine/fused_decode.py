"""Bursts of a DeepSeek-family model by one kernel call a step (`fathom.kernels.latent`), where it can serve them.

The weights are taken from the model at the start of every burst, as nothing tells when they have learned since the
last one; within a burst nobody else gets to run. What the kernel does not serve (other families, softmax routing, other
types and devices, quantized or adapted layers) takes the plain way, as `LatentSteps.fill` says.
"""

from __future__ import annotations

from typing import Any, cast

from torch import Tensor, nn

from fathom.engine.routing_trace import Routes
from fathom.kernels.latent import LayerTensors, ModelTensors, Packed, Rows, Sizes, can_serve
from fathom.model.config import MLAConfig, ModelConfig
from fathom.model.decoder_layer import DecoderLayer
from fathom.model.mla import LATENT_NORM_EPS, MLAttention
from fathom.model.modules import MLP, Linear, RMSNorm
from fathom.model.moe import Experts, MoE
from fathom.model.rope import Rope
from fathom.model.router import Router
from fathom.model.transformer import Transformer

_KNOWN = {DecoderLayer, MLAttention, MoE, Router, Experts, MLP, RMSNorm, Linear}
_GROUP_BEST = {"greedy": 0, "group_limited_greedy": 1, "noaux_tc": 2}


class LatentSteps:
    """One token more for every sequence, over the pages of a cache, with the weights of the last `fill`."""

    def __init__(self, model: object, pages: list[Tensor], routes: Routes | None = None) -> None:
        self._model = model
        self._pages = pages
        self._chosen = () if routes is None else tuple(routes.table)
        self._packed: Packed | None = None
        self._rope: Rope | None = None

    def fill(self) -> bool:
        """Take the weights as they are now; False where the kernel does not serve the model."""
        tensors = tensors_of(self._model)
        if tensors is None or not can_serve(tensors, self._pages):
            return False
        if self._packed is None:
            model = cast("Transformer", self._model)
            self._packed, self._rope = Packed(_sizes(model), self._pages, self._chosen), model.rope
        self._packed.fill(tensors)
        return True

    def step(
        self,
        tokens: Tensor,
        positions: Tensor,
        tables: Tensor,
        temperatures: Tensor,
        random_uniforms: Tensor,
        vocab_limit: int,
    ) -> tuple[Tensor, Tensor]:
        """tokens and positions (1, B) int64, tables (B, M) int32, temperatures (B), random_uniforms (B) float64 → the
        drawn ids (B), each below ``vocab_limit``, and their log-probabilities (B), NaN where logits are not finite.
        """
        assert self._packed is not None
        assert self._rope is not None
        rotation = self._rope.rotation(positions)
        rows = Rows(
            tokens=tokens[0],
            lengths=(positions[0] + 1).int(),
            tables=tables,
            cos=rotation.cos[0, :, 0],
            sin=rotation.sin[0, :, 0],
            temperatures=temperatures,
            random_uniforms=random_uniforms,
        )
        drawn = self._packed.step(rows, vocab_limit)
        return drawn.ids, drawn.logprobs


def tensors_of(model: object) -> ModelTensors | None:
    """The weights of a model that consists of nothing but what the kernel knows."""
    if type(model) is not Transformer or not _is_served(model.config):
        return None
    if not all(type(part) in _KNOWN for layer in model.layers for part in layer.modules()):
        return None
    if any("absorbed_weights" in vars(part) for part in model.layers.modules()):  # copies of another's making
        return None
    ends = (type(model.embed), type(model.norm), type(model.head))
    if ends not in {(nn.Embedding, RMSNorm, Linear), (nn.Embedding, RMSNorm, type(None))}:
        return None
    head = model.embed.weight if model.head is None else model.head.weight
    layers = tuple(_layer(cast("DecoderLayer", layer)) for layer in model.layers)
    return ModelTensors(model.embed.weight.detach(), model.norm.weight.detach(), head.detach(), layers)


def _is_served(config: ModelConfig) -> bool:
    return isinstance(config.attention, MLAConfig) and (config.moe is None or config.moe.scoring == "sigmoid")


def _layer(block: DecoderLayer) -> LayerTensors:
    attention, mlp = cast("MLAttention", block.attention), block.mlp
    routed = mlp if isinstance(mlp, MoE) else None
    network = mlp.shared if isinstance(mlp, MoE) else mlp
    low = attention.q_lora_rank is not None
    tensors = {
        "attention_norm": block.attention_norm.weight,
        "mlp_norm": block.mlp_norm.weight,
        "q_down": attention.q_down.weight if low else None,
        "q_norm": attention.q_norm.weight if low else None,
        "q_up": attention.q_up.weight if low else attention.q_proj.weight,
        "kv_down": attention.kv_down.weight,
        "kv_norm": attention.kv_norm.weight,
        "kv_up": attention.kv_up.weight,
        "out": attention.o_proj.weight,
        "gate": network.gate.weight if network else None,
        "up": network.up.weight if network else None,
        "down": network.down.weight if network else None,
        "router": routed.router.weight if routed else None,
        "bias": routed.router.bias if routed else None,
        "expert_gate": routed.experts.gate if routed else None,
        "expert_up": routed.experts.up if routed else None,
        "expert_down": routed.experts.down if routed else None,
    }
    held: dict[str, Any] = {name: None if tensor is None else tensor.detach() for name, tensor in tensors.items()}
    return LayerTensors(**held)


def _sizes(model: Transformer) -> Sizes:
    config, moe = model.config, model.config.moe
    attention = cast("MLAConfig", config.attention)
    return Sizes(
        width=config.hidden_size,
        heads=attention.num_heads,
        query_rank=attention.q_lora_rank or 0,
        latent=attention.kv_lora_rank,
        nope=attention.qk_nope_head_dim,
        rope=attention.qk_rope_head_dim,
        value=attention.v_head_dim,
        vocab=config.vocab_size,
        experts=moe.num_experts if moe else 0,
        per_token=moe.experts_per_token if moe else 0,
        groups=moe.num_groups if moe else 1,
        kept_groups=moe.topk_groups if moe else 1,
        group_best=_GROUP_BEST[moe.selection] if moe else 0,
        expert_width=moe.intermediate_size if moe else 0,
        interleaved=config.rope.interleaved,
        normalize=moe.normalize if moe else False,
        eps=config.norm_eps,
        latent_eps=LATENT_NORM_EPS,
        scale=cast("MLAttention", cast("DecoderLayer", model.layers[0]).attention).scale,
        factor=moe.routed_scaling_factor if moe else 1.0,
    )
