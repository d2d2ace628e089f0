"""Sliding windows in checkpoints: which layers slide, by what a file lists or by the rule of its family.

config.json lists ``layer_types``, or leaves the layers to the family. GGUF has a period p, by which every p-th layer
attends to all tokens (0: none does, 1: each does), or one truth value a layer.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from fathom.base.errors import ConfigError
from fathom.model.families.keys import GGUFKeys, HFKeys
from fathom.model.layer_config import SlidingWindow

SlidingRule = Callable[[HFKeys, int], Sequence[int]]
"""The layers that slide, of so many, where config.json does not list them."""


def late_layers(keys: HFKeys, count: int) -> Sequence[int]:
    """Qwen's: those from ``max_window_layers`` on, if ``use_sliding_window`` says so."""
    return range(keys.get("max_window_layers", 28), count) if keys.get("use_sliding_window", False) else ()


def all_layers(_: HFKeys, count: int) -> Sequence[int]:
    """Every layer (Mistral, Phi-3)."""
    return range(count)


def all_layers_if_asked(keys: HFKeys, count: int) -> Sequence[int]:
    """Every layer, if ``use_sliding_window`` says so (Qwen3-MoE)."""
    return range(count) if keys.get("use_sliding_window", False) else ()


def all_but_every(period: int, key: str | None = None) -> SlidingRule:
    """All but every ``period``-th layer (Gemma), or as the ``key`` of config.json says."""
    return lambda keys, count: layers_of_period(keys.get(key, period) if key else period, count)


def layers_of_period(period: int, count: int) -> tuple[int, ...]:
    """The layers that slide, of ``count``, where every ``period``-th attends to all tokens; 0: none does."""
    return tuple(layer for layer in range(count) if period == 0 or (layer + 1) % period)


def read_hf_window(keys: HFKeys, rule: SlidingRule) -> SlidingWindow | None:
    """The window of a config.json; None where no layer slides."""
    size, types, count = keys.get("sliding_window"), keys.get("layer_types", ()), keys.need("num_hidden_layers")
    keys.ignore("max_window_layers")  # a rule may read it
    is_off = keys.get("use_sliding_window") is False
    if unknown := sorted(set(types) - {"full_attention", "sliding_attention"}):
        raise ConfigError(
            f"config.json asks for layers of type {unknown}",
            "full_attention and sliding_attention are implemented; choose another model",
        )
    if types and len(types) < count:
        raise ConfigError(f"config.json has {len(types)} layer_types for {count} layers", "name one for each")
    if types:
        layers: Sequence[int] = [layer for layer in range(count) if types[layer] == "sliding_attention"]
    else:
        layers = rule(keys, count)
    if size is None or not layers or is_off:
        return None
    return SlidingWindow(size=size, layers=tuple(layers))


def write_hf_window(window: SlidingWindow | None, count: int, rule: SlidingRule) -> dict[str, Any]:
    """Keys of config.json that every reader takes as they were meant, also where no layer slides. Readers of families
    whose layers all slide know no ``layer_types``; ConfigError where only some do.
    """
    sliding = window.layers if window else ()
    if rule in (all_layers, all_layers_if_asked):
        if window is not None and len(sliding) < count:
            raise ConfigError(
                f"{len(sliding)} of {count} layers slide, and in this family either all do or none",
                "give the window to every layer",
            )
        return {"sliding_window": window.size if window else None}
    types = ["sliding_attention" if layer in sliding else "full_attention" for layer in range(count)]
    return {"sliding_window": window.size if window else None, "layer_types": types}


def read_gguf_window(keys: GGUFKeys, default_period: int) -> SlidingWindow | None:
    """The window of a GGUF file. ``default_period``: its architecture's, where the file names none."""
    size, pattern = keys.get("attention.sliding_window"), keys.get("attention.sliding_window_pattern", default_period)
    if not size:
        return None
    count = keys.number("block_count")
    if isinstance(pattern, list):
        layers = tuple(layer for layer, slides in enumerate(pattern[:count]) if slides)
    else:
        layers = layers_of_period(pattern, count)
    return SlidingWindow(size=size, layers=layers) if layers else None


def write_gguf_window(window: SlidingWindow | None, count: int, default_period: int) -> dict[str, Any]:
    """Keys under the architecture's prefix. The size 0 says that no layer slides."""
    if window is None:
        return {"attention.sliding_window": 0}
    values: dict[str, Any] = {"attention.sliding_window": window.size}
    if window.layers != layers_of_period(default_period, count):
        period = next((p for p in (0, *range(2, count + 1)) if layers_of_period(p, count) == window.layers), None)
        listed = [layer in window.layers for layer in range(count)]
        values["attention.sliding_window_pattern"] = listed if period is None else period
    if window.rope is not None:
        values["rope.freq_base_swa"] = float(window.rope.theta)
    return values
