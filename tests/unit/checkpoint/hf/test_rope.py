"""Rotary settings of config.json that few families have: LongRoPE, one base within windows, fewer channels."""

from __future__ import annotations

import math

import pytest
from family_keys import HFValues

from fathom.base.errors import ConfigError
from fathom.checkpoint.hf.rope import read_ropes, write_ropes
from fathom.model.config import LinearScaling, LongRopeScaling, ModelConfig, RopeConfig
from fathom.model.presets import PRESETS

FACTORS = {"short_factor": [1.0, 1.5], "long_factor": [2.0, 4.0]}


@pytest.mark.parametrize("kind", ["longrope", "su", "yarn"])
def test_longrope_under_each_name_that_phi_3_gave_it(kind: str) -> None:
    keys = HFValues(
        rope_scaling=FACTORS | {"type": kind},
        max_position_embeddings=131_072,
        original_max_position_embeddings=4096,
    )
    rope, sliding = read_ropes(keys, interleaved=False)
    assert sliding is None
    assert rope.scaling == LongRopeScaling(
        short_factors=(1.0, 1.5),
        long_factors=(2.0, 4.0),
        original_max_position=4096,
        attention_factor=math.sqrt(1 + math.log(32) / math.log(4096)),
    )


def test_a_stated_magnitude_precedes_and_a_factor_decides_it() -> None:
    stated = HFValues(
        rope_parameters=FACTORS | {"rope_type": "longrope", "attention_factor": 0.5, "rope_theta": 3.0},
        max_position_embeddings=64,
        original_max_position_embeddings=32,
    )
    assert read_ropes(stated, interleaved=True)[0].scaling.attention_factor == 0.5
    by_factor = HFValues(
        rope_scaling=FACTORS | {"type": "longrope", "factor": 16.0, "original_max_position_embeddings": 256},
        max_position_embeddings=256,
    )
    assert read_ropes(by_factor, interleaved=False)[0].scaling.attention_factor == math.sqrt(1.5)


def test_longrope_without_its_factors_is_refused() -> None:
    keys = HFValues(rope_scaling={"type": "longrope", "short_factor": [1.0]}, max_position_embeddings=8)
    with pytest.raises(ConfigError, match="longrope scaling lacks long_factor; add it"):
        read_ropes(keys, interleaved=False)


OLD = {"rope_theta": 1e6, "rope_local_base_freq": 1e4, "rope_scaling": {"rope_type": "linear", "factor": 8.0}}
NEW = {
    "rope_parameters": {
        "full_attention": {"rope_type": "linear", "factor": 8.0, "rope_theta": 1e6},
        "sliding_attention": {"rope_type": "default", "rope_theta": 1e4},
    }
}


@pytest.mark.parametrize("values", [OLD, NEW, OLD | NEW], ids=["transformers 4", "transformers 5", "both"])
def test_layers_that_slide_have_a_base_of_their_own_and_no_scaling(values: dict[str, object]) -> None:
    rope, sliding = read_ropes(HFValues(**values), interleaved=False)
    assert rope == RopeConfig(theta=1e6, scaling=LinearScaling(factor=8))
    assert sliding == RopeConfig(theta=1e4)


def test_one_base_for_all_layers_is_one_embedding() -> None:
    assert read_ropes(HFValues(rope_theta=1e4, rope_local_base_freq=1e4), interleaved=False)[1] is None


@pytest.mark.parametrize("name", [name for name in PRESETS if name.startswith("tiny-")])
def test_both_spellings_are_written(name: str) -> None:
    config = PRESETS[name]
    written = write_ropes(config) | {"max_position_embeddings": config.max_position}
    old = {key: value for key, value in written.items() if key != "rope_parameters"}
    new = {key: written[key] for key in ("rope_parameters", "max_position_embeddings")}
    expected = config.rope, None if config.window is None else config.window.rope
    for values in (old, new):
        assert read_ropes(HFValues(**values), interleaved=config.rope.interleaved) == expected


def test_a_scaling_within_the_window_cannot_be_written() -> None:
    data = PRESETS["tiny-gemma3"].model_dump()
    data["window"]["rope"]["scaling"] = {"kind": "linear", "factor": 2.0}
    with pytest.raises(ConfigError, match="no place for a rope scaling of layers that slide"):
        write_ropes(ModelConfig.model_validate(data))
