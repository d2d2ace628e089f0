"""Qwen's mixtures of experts on grouped-query attention: keys of config.json and GGUF in both directions, and names.

The router is a softmax over all experts, of which the best are taken; a family with a shared expert weighs it by the
token. GGUF has no keys for whether the weights of the chosen experts are normalized, nor for layers without experts:
its architectures fix both.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from fathom.base.errors import ConfigError
from fathom.model.families.family import Family, Fields
from fathom.model.families.keys import GGUFKeys, HFKeys
from fathom.model.families.tensor_names import Layout, Rule
from fathom.model.layer_config import MoEConfig

if TYPE_CHECKING:
    from fathom.model.config import ModelConfig

_HF_SHARED_NAMES = (
    Rule("mlp.shared.gate.weight", "mlp.shared_expert.gate_proj.weight"),
    Rule("mlp.shared.up.weight", "mlp.shared_expert.up_proj.weight"),
    Rule("mlp.shared.down.weight", "mlp.shared_expert.down_proj.weight"),
    Rule("mlp.shared_gate", "mlp.shared_expert_gate.weight"),
)
_GGUF_SHARED_NAMES = (Rule("mlp.shared_gate", "ffn_gate_inp_shexp.weight", Layout.ROW),)


def moe_family(dense: Family, *, shared_expert: bool, gguf_normalize: bool) -> Family:
    """``dense`` with experts in its layers. ``shared_expert``: each layer has one, which the token weighs.
    ``gguf_normalize``: what readers of the GGUF architecture do with the weights of the chosen experts.
    """
    experts = _ExpertKeys(dense, shared_expert, gguf_normalize)
    return replace(
        dense,
        read_hf=experts.read_hf,
        write_hf=experts.write_hf,
        read_gguf=experts.read_gguf,
        write_gguf=experts.write_gguf,
        hf_names=dense.hf_names + (_HF_SHARED_NAMES if shared_expert else ()),
        gguf_names=dense.gguf_names + (_GGUF_SHARED_NAMES if shared_expert else ()),
    )


@dataclass(frozen=True, slots=True)
class _ExpertKeys:
    """The readers and writers of a family, each of which adds the experts to what ``dense`` reads and writes."""

    dense: Family
    shared_expert: bool
    gguf_normalize: bool

    def read_hf(self, keys: HFKeys) -> Fields:
        keys.ignore("num_experts", "num_local_experts")  # the second is transformers 5's name, and some files have both
        moe = self._moe(
            num_experts=keys.get("num_local_experts") or keys.need("num_experts"),
            experts_per_token=keys.need("num_experts_per_tok"),
            intermediate_size=keys.need("moe_intermediate_size"),
            shared_intermediate_size=keys.need("shared_expert_intermediate_size") if self.shared_expert else None,
            normalize=keys.get("norm_topk_prob", False),
            dense_layers=_read_dense_layers(keys),
        )
        return self.dense.read_hf(keys) | {"moe": moe}

    def write_hf(self, config: ModelConfig) -> Fields:
        moe = self._moe_of(config)
        shared = {"shared_expert_intermediate_size": moe.shared_width} if self.shared_expert else {}
        return self.dense.write_hf(config) | {
            "num_experts": moe.num_experts,
            "num_experts_per_tok": moe.experts_per_token,
            "moe_intermediate_size": moe.intermediate_size,
            "norm_topk_prob": moe.normalize,
            "decoder_sparse_step": 1,
            "mlp_only_layers": _dense_layers(config),
            **shared,
        }

    def read_gguf(self, keys: GGUFKeys) -> Fields:
        """Older files have neither width; llama.cpp then derives them from that of a dense layer."""
        width, used = keys.number("feed_forward_length"), keys.number("expert_used_count")
        moe = self._moe(
            num_experts=keys.number("expert_count"),
            experts_per_token=used,
            intermediate_size=keys.number("expert_feed_forward_length", width // max(used, 1)),
            shared_intermediate_size=(
                keys.number("expert_shared_feed_forward_length", width) if self.shared_expert else None
            ),
            normalize=self.gguf_normalize,
        )
        return self.dense.read_gguf(keys) | {"moe": moe}

    def write_gguf(self, config: ModelConfig) -> Fields:
        moe = self._moe_of(config)
        if moe.normalize != self.gguf_normalize or _dense_layers(config):
            what = "layers without experts" if _dense_layers(config) else f"experts with normalize={moe.normalize}"
            raise ConfigError(
                f"a GGUF file cannot say that a model of {config.family} has {what}", "save a directory instead"
            )
        shared = {"expert_shared_feed_forward_length": moe.shared_width} if self.shared_expert else {}
        return self.dense.write_gguf(config) | {
            "expert_count": moe.num_experts,
            "expert_used_count": moe.experts_per_token,
            "expert_feed_forward_length": moe.intermediate_size,
            **shared,
        }

    def _moe(self, **fields: Any) -> MoEConfig:
        return MoEConfig(
            scoring="softmax",
            selection="greedy",
            num_shared_experts=int(self.shared_expert),
            shared_gate=self.shared_expert,
            **fields,
        )

    def _moe_of(self, config: ModelConfig) -> MoEConfig:
        """The experts of ``config``; ConfigError for what the family's files cannot say."""
        moe = config.moe
        if moe is None:
            raise ConfigError(f"{config.family} has experts, and the model none", "choose the dense family")
        plain = moe.scoring == "softmax" and moe.selection == "greedy" and moe.routed_scaling_factor == 1
        if not plain or bool(moe.shared_width) != self.shared_expert or moe.shared_gate != self.shared_expert:
            raise ConfigError(
                f"the files of {config.family} cannot describe these experts: {moe!r}", "choose another family"
            )
        return moe


def _read_dense_layers(keys: HFKeys) -> tuple[int, ...]:
    """Layers by ``mlp_only_layers``, and those between the multiples of ``decoder_sparse_step``, counted from 1."""
    step, listed = keys.get("decoder_sparse_step", 1), keys.get("mlp_only_layers", [])
    layers = range(keys.need("num_hidden_layers"))
    return tuple(layer for layer in layers if layer in listed or (layer + 1) % step)


def _dense_layers(config: ModelConfig) -> list[int]:
    return [layer for layer in range(config.num_layers) if not config.is_moe_layer(layer)]
