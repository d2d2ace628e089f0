"""Decode steps of a DeepSeek-family model by one kernel call each (`fathom.kernels.decode_step`), where it serves them.

The weights are copied from the model before every run of steps, as nothing tells when they have been trained since;
nothing else runs between those steps. What the kernel does not serve (other families, softmax routing, other dtypes and
devices, quantized or adapted layers) runs the model's own forward, as `FusedDecode.refresh` reports.
"""

from __future__ import annotations

from typing import cast

from torch import Tensor, nn

from fathom.engine.routing_trace import RoutingTrace
from fathom.kernels.decode_step import DecodeWeights, LayerTensors, ModelTensors, StepInputs, can_serve
from fathom.model.config import MLAConfig, ModelConfig
from fathom.model.decoder_layer import DecoderLayer
from fathom.model.mla import LATENT_NORM_EPS, MLAttention
from fathom.model.modules import MLP, Linear, RMSNorm
from fathom.model.moe import Experts, MoE
from fathom.model.rope import Rope
from fathom.model.router import Router
from fathom.model.transformer import Transformer

_SERVED_MODULES = {DecoderLayer, MLAttention, MoE, Router, Experts, MLP, RMSNorm, Linear}
_GROUP_SCORE_EXPERTS = {"greedy": 0, "group_limited_greedy": 1, "noaux_tc": 2}


class FusedDecode:
    """One new token for every sequence, over the pages of a cache, with the weights of the last `refresh`."""

    def __init__(self, model: object, pages: list[Tensor], trace: RoutingTrace | None = None) -> None:
        self._model = model
        self._pages = pages
        self._expert_traces = () if trace is None else tuple(trace.table)
        self._weights: DecodeWeights | None = None
        self._rope: Rope | None = None

    def refresh(self) -> bool:
        """Copy the weights as they are now; False where the kernel does not serve the model."""
        tensors = tensors_of(self._model)
        if tensors is None or not can_serve(tensors, self._pages):
            return False
        if self._weights is None:
            model = cast("Transformer", self._model)
            self._weights, self._rope = DecodeWeights(_sizes(model), self._pages, self._expert_traces), model.rope
        self._weights.copy_from(tensors)
        return True

    def step(
        self,
        tokens: Tensor,
        positions: Tensor,
        tables: Tensor,
        temperatures: Tensor,
        uniforms: Tensor,
        vocab_limit: int,
    ) -> tuple[Tensor, Tensor]:
        """tokens and positions (1, B) int64, tables (B, M) int32, temperatures (B), uniforms (B) float64 in [0, 1) →
        sampled ids (B), each below ``vocab_limit``, and their log-probabilities (B), NaN where logits are not finite.
        """
        assert self._weights is not None
        assert self._rope is not None
        rotation = self._rope.rotation(positions)
        inputs = StepInputs(
            tokens=tokens[0],
            lengths=(positions[0] + 1).int(),
            tables=tables,
            cos=rotation.cos[0, :, 0],
            sin=rotation.sin[0, :, 0],
            temperatures=temperatures,
            uniforms=uniforms,
        )
        output = self._weights.step(inputs, vocab_limit)
        return output.ids, output.logprobs


def tensors_of(model: object) -> ModelTensors | None:
    """The weights of a model that consists only of modules that the kernel serves; None for others."""
    if type(model) is not Transformer or not _is_served(model.config):
        return None
    if not all(type(part) in _SERVED_MODULES for layer in model.layers for part in layer.modules()):
        return None
    if any("absorbed_weights" in vars(part) for part in model.layers.modules()):  # copies that the kernel would not see
        return None
    ends = (type(model.embed), type(model.norm), type(model.head))
    if ends not in {(nn.Embedding, RMSNorm, Linear), (nn.Embedding, RMSNorm, type(None))}:
        return None
    head = model.embed.weight if model.head is None else model.head.weight
    layers = tuple(_layer_tensors(cast("DecoderLayer", layer)) for layer in model.layers)
    return ModelTensors(model.embed.weight.detach(), model.norm.weight.detach(), head.detach(), layers)


def _is_served(config: ModelConfig) -> bool:
    moe = config.moe
    plain = (config.norm_placement, config.norm_offset, config.activation) == ("pre", 0, "silu")
    unscaled = config.embedding_scale is None and config.logit_softcap is None and not config.nope_layers
    routed = moe is None or (moe.scoring == "sigmoid" and not moe.shared_gate)
    return isinstance(config.attention, MLAConfig) and plain and unscaled and routed


def _layer_tensors(layer: DecoderLayer) -> LayerTensors:
    attention, mlp = cast("MLAttention", layer.attention), layer.mlp
    assert layer.attention_norm is not None  # _is_served
    assert layer.mlp_norm is not None
    routed = mlp if isinstance(mlp, MoE) else None
    network = mlp.shared if isinstance(mlp, MoE) else mlp
    low = attention.q_lora_rank is not None
    tensors = {
        "attention_norm": layer.attention_norm.weight,
        "mlp_norm": layer.mlp_norm.weight,
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
    return {name: None if tensor is None else tensor.detach() for name, tensor in tensors.items()}


def _sizes(model: Transformer) -> dict[str, float]:
    config, moe = model.config, model.config.moe
    attention = cast("MLAConfig", config.attention)
    return {
        "width": config.hidden_size,
        "heads": attention.num_heads,
        "query_rank": attention.q_lora_rank or 0,
        "latent": attention.kv_lora_rank,
        "nope": attention.qk_nope_head_dim,
        "rope": attention.qk_rope_head_dim,
        "value": attention.v_head_dim,
        "vocab": config.vocab_size,
        "experts": moe.num_experts if moe else 0,
        "per_token": moe.experts_per_token if moe else 0,
        "groups": moe.num_groups if moe else 1,
        "topk_groups": moe.topk_groups if moe else 1,
        "group_score_experts": _GROUP_SCORE_EXPERTS[moe.selection] if moe else 0,
        "expert_width": moe.intermediate_size if moe else 0,
        "interleaved": config.rope.interleaved,
        "normalize": moe.normalize if moe else False,
        "eps": config.norm_eps,
        "latent_eps": LATENT_NORM_EPS,
        "scale": cast("MLAttention", cast("DecoderLayer", model.layers[0]).attention).scale,
        "routed_scale": moe.routed_scaling_factor if moe else 1.0,
    }
