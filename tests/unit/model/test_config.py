"""The configuration of a whole model."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from fathom.model.config import ModelConfig, MoEConfig
from fathom.model.presets import PRESETS

MOE: dict[str, Any] = {
    "num_experts": 8,
    "experts_per_token": 2,
    "intermediate_size": 32,
    "scoring": "sigmoid",
    "selection": "noaux_tc",
}


@pytest.mark.parametrize("name", list(PRESETS))
def test_configurations_survive_json(name: str) -> None:
    config = PRESETS[name]
    assert ModelConfig.model_validate_json(config.model_dump_json()) == config


def test_configurations_are_frozen() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        PRESETS["tiny-llama"].hidden_size = 3  # type: ignore[misc]


LONG = {"kind": "longrope", "short_factors": (1.0,), "long_factors": (1.0,), "original_max_position": 8}


@pytest.mark.parametrize(
    ("name", "changes", "message"),
    [
        ("tiny-deepseek-v3", {"window": {"size": 4, "layers": (0,)}}, "a sliding window needs grouped-query attention"),
        ("tiny-llama", {"window": {"size": 4, "layers": (2,)}}, "layer 2 is to slide, and there are 2"),
        (
            "tiny-llama",
            {"window": {"size": 4, "layers": (0,), "rope": {"interleaved": True}}},
            "all layers must pair rotary channels in one way",
        ),
        ("tiny-llama", {"window": {"size": 4, "layers": (0,), "rope": {"scaling": LONG}}}, "longrope scaling of their"),
        ("tiny-llama", {"rope": {"scaling": LONG}}, "longrope has 1 factors for 16 pairs of channels"),
        ("tiny-deepseek-v3", {"rope": {"scaling": LONG}}, "longrope scaling needs grouped-query attention"),
        ("tiny-qwen3-moe", {"activation": "gelu_tanh"}, "experts are gated by silu, not by gelu_tanh"),
    ],
)
def test_what_no_path_computes_is_refused(name: str, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        ModelConfig.model_validate(PRESETS[name].model_dump() | changes)


def test_which_layers_slide_and_what_depends_on_length() -> None:
    config = PRESETS["tiny-gemma2"]
    assert [config.is_sliding_layer(layer) for layer in range(2)] == [True, False]
    assert not PRESETS["tiny-llama"].is_sliding_layer(0)
    assert (PRESETS["tiny-phi3"].short_length, config.short_length) == (64, None)


def test_which_layers_route() -> None:
    config = PRESETS["deepseek-v3"]
    assert [layer for layer in range(61) if not config.is_moe_layer(layer)] == [0, 1, 2]
    assert not PRESETS["tiny-llama"].is_moe_layer(1)
    every_other = MoEConfig.model_validate(MOE | {"layer_freq": 2, "first_dense_layers": 1})
    config = config.model_copy(update={"moe": every_other, "num_layers": 6})
    assert [layer for layer in range(6) if config.is_moe_layer(layer)] == [2, 4]


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        ([1, 0], "must be named once each, in order"),
        ([0, 0], "once each"),
        ([2], "layer 2 is not to rotate, and there"),
    ],
)
def test_layers_without_rotation_exist(layers: list[int], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        ModelConfig.model_validate(PRESETS["tiny-llama"].model_dump() | {"nope_layers": layers})


def test_numbered_dense_layers_do_not_route() -> None:
    moe = MoEConfig.model_validate(MOE | {"dense_layers": [0, 2]})
    config = PRESETS["deepseek-v3"].model_copy(update={"moe": moe, "num_layers": 4})
    assert [layer for layer in range(4) if config.is_moe_layer(layer)] == [1, 3]
