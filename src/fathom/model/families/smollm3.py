"""SmolLM3: Llama's layout, and every fourth layer rotates nothing (NoPE, arXiv 2501.18795)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from fathom.base.errors import ConfigError
from fathom.model.families.family import Fields
from fathom.model.families.gqa import GGUF_PAIRED_NAMES, dense_family
from fathom.model.families.keys import GGUFKeys, HFKeys

if TYPE_CHECKING:
    from fathom.model.config import ModelConfig

_INTERVAL = 4
"""GGUF has no key for it: llama.cpp takes every fourth."""

_DENSE = dense_family(
    "smollm3",
    hf_architecture="SmolLM3ForCausalLM",
    gguf_names=GGUF_PAIRED_NAMES,
    hf_constants={"attention_bias": False, "mlp_bias": False, "use_sliding_window": False},
    hf_defaults={"rope_theta": 2_000_000.0, "tie_word_embeddings": True},
    dialect="chatml",
    pre_tokenizer="llama-bpe",
)


def _every(interval: int, layers: int) -> tuple[int, ...]:
    return tuple(layer for layer in range(layers) if (layer + 1) % interval == 0)


def _read_hf(keys: HFKeys) -> Fields:
    """``no_rope_layers`` has a 1 for each layer that rotates."""
    layers, interval = keys.need("num_hidden_layers"), keys.get("no_rope_layer_interval", _INTERVAL)
    listed = keys.get("no_rope_layers")
    if listed is None:
        nope_layers = _every(interval, layers)
    elif len(listed) < layers:
        raise ConfigError(f"config.json has {len(listed)} no_rope_layers for {layers} layers", "name one for each")
    else:
        nope_layers = tuple(layer for layer in range(layers) if not listed[layer])
    return _DENSE.read_hf(keys) | {"nope_layers": nope_layers}


def _write_hf(config: ModelConfig) -> Fields:
    rotates = [int(layer not in config.nope_layers) for layer in range(config.num_layers)]
    return _DENSE.write_hf(config) | {"no_rope_layers": rotates, "no_rope_layer_interval": _INTERVAL}


def _read_gguf(keys: GGUFKeys) -> Fields:
    return _DENSE.read_gguf(keys) | {"nope_layers": _every(_INTERVAL, keys.number("block_count"))}


def _write_gguf(config: ModelConfig) -> Fields:
    if config.nope_layers != _every(_INTERVAL, config.num_layers):
        raise ConfigError(
            f"a GGUF file of SmolLM3 means that every {_INTERVAL}th layer rotates nothing, and here these do not:"
            f" {', '.join(map(str, config.nope_layers)) or 'none'}",
            "save a directory instead",
        )
    return _DENSE.write_gguf(config)


SMOLLM3 = replace(_DENSE, read_hf=_read_hf, write_hf=_write_hf, read_gguf=_read_gguf, write_gguf=_write_gguf)
