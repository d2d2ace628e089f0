"""Which layers slide, in config.json and in GGUF."""

from __future__ import annotations

from typing import Any

import pytest
from family_keys import GGUFValues, HFValues

from fathom.base.errors import ConfigError
from fathom.model.config import RopeConfig, SlidingWindow
from fathom.model.families.windows import (
    SlidingRule,
    all_but_every,
    all_layers,
    all_layers_if_asked,
    late_layers,
    layers_of_period,
    read_gguf_window,
    read_hf_window,
    write_gguf_window,
    write_hf_window,
)


@pytest.mark.parametrize(
    ("rule", "values", "layers"),
    [
        (all_layers, {}, (0, 1, 2, 3)),
        (all_layers_if_asked, {"use_sliding_window": True}, (0, 1, 2, 3)),
        (all_layers_if_asked, {}, None),
        (all_but_every(2), {}, (0, 2)),
        (all_but_every(6), {}, (0, 1, 2, 3)),
        (late_layers, {}, None),
        (late_layers, {"use_sliding_window": True}, None),
        (late_layers, {"use_sliding_window": True, "max_window_layers": 3}, (3,)),
        (all_layers, {"sliding_window": None}, None),
        (all_layers, {"layer_types": ["full_attention"] * 3 + ["sliding_attention"]}, (3,)),
        (all_layers, {"layer_types": ["full_attention"] * 4}, None),
        (late_layers, {"layer_types": ["sliding_attention"] * 4, "use_sliding_window": False}, None),
    ],
)
def test_layers_of_config_json(rule: SlidingRule, values: dict[str, Any], layers: tuple[int, ...] | None) -> None:
    keys = HFValues(**{"num_hidden_layers": 4, "sliding_window": 5, **values})
    assert read_hf_window(keys, rule) == (None if layers is None else SlidingWindow(size=5, layers=layers))
    assert {"sliding_window", "layer_types", "use_sliding_window", "max_window_layers"} <= keys.known


def test_null_and_false_beside_listed_layers_are_known_keys() -> None:
    """As newer transformers saves models of Qwen."""
    keys = HFValues(num_hidden_layers=2, layer_types=["full_attention"] * 2, use_sliding_window=False)
    assert read_hf_window(keys, late_layers) is None
    assert keys.known >= {"sliding_window", "layer_types", "use_sliding_window"}


def test_other_types_of_layers_are_refused() -> None:
    keys = HFValues(num_hidden_layers=1, layer_types=["chunked_attention"])
    with pytest.raises(
        ConfigError, match=r"layers of type \['chunked_attention'\]; full_attention and sliding_attention"
    ):
        read_hf_window(keys, all_layers)


def test_periods_are_those_of_llama_cpp() -> None:
    assert layers_of_period(0, 3) == (0, 1, 2)
    assert layers_of_period(1, 3) == ()
    assert layers_of_period(2, 5) == (0, 2, 4)
    assert layers_of_period(6, 13) == (0, 1, 2, 3, 4, 6, 7, 8, 9, 10, 12)


@pytest.mark.parametrize("default", [0, 2, 6])
@pytest.mark.parametrize("layers", [None, (0, 1, 2, 3), (0, 2), (1, 3), (0,)])
def test_what_is_written_reads_back(default: int, layers: tuple[int, ...] | None) -> None:
    window = None if layers is None else SlidingWindow(size=9, layers=layers)
    written = write_gguf_window(window, 4, default)
    assert read_gguf_window(GGUFValues(block_count=4, **written), default) == window
    if layers is not None and layers == layers_of_period(default, 4):
        assert written == {"attention.sliding_window": 9}
    types = write_hf_window(window, 4, late_layers)
    assert read_hf_window(HFValues(num_hidden_layers=4, **types), late_layers) == window


@pytest.mark.parametrize("rule", [all_layers, all_layers_if_asked])
def test_where_all_layers_slide_only_the_size_is_written(rule: SlidingRule) -> None:
    """transformers reads no layer_types there."""
    assert write_hf_window(None, 2, rule) == {"sliding_window": None}
    assert write_hf_window(SlidingWindow(size=9, layers=(0, 1)), 2, rule) == {"sliding_window": 9}
    with pytest.raises(ConfigError, match="1 of 2 layers slide, and in this family either all do or none; give the"):
        write_hf_window(SlidingWindow(size=9, layers=(1,)), 2, rule)


def test_a_base_of_its_own_is_written_for_the_window() -> None:
    window = SlidingWindow(size=9, layers=(0,), rope=RopeConfig(theta=500.0))
    assert write_gguf_window(window, 1, 0)["rope.freq_base_swa"] == 500.0
