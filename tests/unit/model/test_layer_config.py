"""The parts of a configuration: sizes that do not fit are refused."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from fathom.model.layer_config import (
    GQAConfig,
    Llama3Scaling,
    LongRopeScaling,
    MLAConfig,
    MoEConfig,
    RopeConfig,
    SlidingWindow,
    YarnScaling,
)
from fathom.model.presets import PRESETS

LLAMA3 = {"factor": 8, "low_freq_factor": 1, "high_freq_factor": 4, "original_max_position": 64}


MLA = {"num_heads": 2, "kv_lora_rank": 8, "qk_nope_head_dim": 8, "qk_rope_head_dim": 8, "v_head_dim": 8}


MOE: dict[str, Any] = {
    "num_experts": 8,
    "experts_per_token": 2,
    "intermediate_size": 32,
    "scoring": "sigmoid",
    "selection": "noaux_tc",
}


def test_unknown_keys_are_errors() -> None:
    with pytest.raises(ValidationError, match="theta_base"):
        RopeConfig.model_validate({"theta_base": 1.0})


def test_query_heads_are_a_multiple_of_key_heads() -> None:
    with pytest.raises(ValidationError, match="num_heads 5 must be a multiple of num_kv_heads 2"):
        GQAConfig(num_heads=5, num_kv_heads=2, head_dim=8)


@pytest.mark.parametrize(
    ("part", "values", "message"),
    [
        (GQAConfig, {"num_heads": 2, "num_kv_heads": 2, "head_dim": 7}, "head_dim 7 must be even"),
        (MLAConfig, {**MLA, "qk_rope_head_dim": 5}, "qk_rope_head_dim 5 must be even"),
        (
            YarnScaling,
            {"factor": 4, "original_max_position": 64, "beta_fast": 1},
            "beta_fast 1 must exceed beta_slow 1",
        ),
        (Llama3Scaling, {**LLAMA3, "low_freq_factor": 4}, "high_freq_factor 4 must exceed low_freq_factor 4"),
        (RopeConfig, {"theta": 1.0}, "greater than 1"),
    ],
)
def test_positions_that_cannot_be_encoded_are_refused(
    part: type[BaseModel], values: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValidationError, match=message):
        part.model_validate(values)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"num_groups": 3}, "num_experts 8 must be a multiple of num_groups 3"),
        ({"num_groups": 4, "topk_groups": 5}, "topk_groups 5 exceeds num_groups 4"),
        ({"num_groups": 8, "topk_groups": 1}, "experts_per_token 2 exceeds the 1 experts in reach"),
        ({"experts_per_token": 9}, "experts_per_token 9 exceeds the 8 experts in reach"),
        ({"experts_per_token": 0}, "greater than 0"),
    ],
)
def test_impossible_routing_is_refused(change: dict[str, int], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        MoEConfig.model_validate(MOE | change)


@pytest.mark.parametrize("change", [{"shared_gate": True}, {"shared_intermediate_size": 8}])
def test_what_describes_shared_experts_needs_some(change: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="num_shared_experts is 0"):
        MoEConfig.model_validate(MOE | {"num_shared_experts": 0} | change)


def test_shared_experts_are_one_network() -> None:
    shared = MoEConfig.model_validate(MOE | {"num_shared_experts": 3, "intermediate_size": 16})
    assert shared.shared_width == 48
    assert shared.model_copy(update={"shared_intermediate_size": 20}).shared_width == 60
    assert shared.model_copy(update={"num_shared_experts": 0}).shared_width == 0


def test_layers_without_experts() -> None:
    moe = MoEConfig.model_validate(MOE | {"first_dense_layers": 1, "layer_freq": 2, "dense_layers": [4]})
    assert [layer for layer in range(8) if moe.has_experts(layer)] == [2, 6]


@pytest.mark.parametrize(
    ("part", "values", "message"),
    [
        (GQAConfig, {"num_heads": 2, "num_kv_heads": 2, "head_dim": 8, "rotary_dim": 5}, "rotary_dim 5 must be even"),
        (GQAConfig, {"num_heads": 2, "num_kv_heads": 2, "head_dim": 8, "rotary_dim": 10}, "at most head_dim 8"),
        (SlidingWindow, {"size": 4, "layers": (1, 0)}, "named once each, in order"),
        (SlidingWindow, {"size": 4, "layers": (1, 1)}, "named once each, in order"),
        (SlidingWindow, {"size": 4, "layers": ()}, "at least 1 item"),
        (SlidingWindow, {"size": 0, "layers": (1,)}, "greater than 0"),
        (
            LongRopeScaling,
            {"short_factors": (1.0,), "long_factors": (1.0, 2.0), "original_max_position": 8},
            "1 short factors and 2 long ones",
        ),
    ],
)
def test_windows_and_rotations_that_do_not_fit_are_refused(
    part: type[BaseModel], values: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValidationError, match=message):
        part.model_validate(values)


def test_the_scale_and_the_rotated_channels_of_a_head() -> None:
    plain = GQAConfig(num_heads=2, num_kv_heads=1, head_dim=16)
    assert (plain.scale, plain.rope_dim) == (0.25, 16)
    other = GQAConfig(num_heads=2, num_kv_heads=1, head_dim=16, query_pre_attn_scalar=64, rotary_dim=4)
    assert (other.scale, other.rope_dim) == (0.125, 4)


def test_mla_sizes() -> None:
    mla = PRESETS["deepseek-v3"].attention
    assert isinstance(mla, MLAConfig)
    assert (mla.qk_head_dim, mla.latent_dim, mla.rope_dim) == (192, 576, 64)
