"""Qwen1.5-MoE and Qwen2-MoE: biases on queries, keys and values; a shared expert that the token weighs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from fathom.model.families.family import Fields
from fathom.model.families.gqa import dense_family, gqa_of
from fathom.model.families.gqa_moe import moe_family
from fathom.model.families.keys import HFKeys

if TYPE_CHECKING:
    from fathom.model.config import ModelConfig


def _sliding_layers(keys: HFKeys, count: int) -> Sequence[int]:
    """As transformers has it, unlike in Qwen2: every second layer, among the first ``max_window_layers``."""
    last = min(count, keys.get("max_window_layers", 28))
    return range(0, last, 2) if keys.get("use_sliding_window", False) else ()


_BIASED = moe_family(
    dense_family(
        "qwen2_moe",
        hf_architecture="Qwen2MoeForCausalLM",
        gguf_architecture="qwen2moe",
        hf_constants={"use_sliding_window": False},
        qkv_bias=True,
        dialect="chatml",
        pre_tokenizer="qwen2",
        sliding=_sliding_layers,
    ),
    shared_expert=True,
    gguf_normalize=False,
)


def _read_hf(keys: HFKeys) -> Fields:
    """Newer files say whether there are biases."""
    fields = _BIASED.read_hf(keys)
    attention = fields["attention"].model_copy(update={"qkv_bias": keys.get("qkv_bias", True)})
    return fields | {"attention": attention}


def _write_hf(config: ModelConfig) -> Fields:
    return _BIASED.write_hf(config) | {"qkv_bias": gqa_of(config).qkv_bias}


QWEN2_MOE = replace(_BIASED, read_hf=_read_hf, write_hf=_write_hf)
