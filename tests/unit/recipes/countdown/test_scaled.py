"""The larger runs hold together: every stage begins where another ends, and each fits the device that it is for."""

from __future__ import annotations

import pytest
from pydantic import BaseModel

from fathom.model.counts import count
from fathom.optim.config import AdamWConfig, MuonConfig, OptimConfig
from fathom.recipes.countdown.scaled import training_bytes
from fathom.train.run.recipe import recipe

GB = 1e9
KINDS = ("speedrun-gpu", "speedrun-node")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("stage", ["zero", "measure", "beyond"])
def test_every_stage_is_a_valid_run(kind: str, stage: str) -> None:
    config = recipe(f"{kind}:{stage}")
    assert type(config).model_validate_json(config.model_dump_json()) == config
    assert config.name == f"{kind}-{stage}"


@pytest.mark.parametrize(
    ("kind", "active", "memory"), [("speedrun-gpu", (25e6, 40e6), 12 * GB), ("speedrun-node", (250e6, 350e6), 80 * GB)]
)
def test_the_size_is_what_the_recipe_says(kind: str, active: tuple[float, float], memory: float) -> None:
    config = recipe(kind)
    model = config.model
    assert config.name == kind
    assert active[0] < count(model).active_parameters < active[1]
    assert all(size % 32 == 0 for size in sizes(model))
    assert 0.9 < config.steps * config.batch.rows * config.batch.length / (config.data.options["documents"] * 60) < 1.1
    micro = config.batch.micro_rows * config.batch.length
    assert training_bytes(model, config.optim, micro) < memory
    zero = recipe(f"{kind}:zero")
    assert training_bytes(model, zero.optim, zero.micro_tokens) < memory
    assert model.max_position >= zero.sampling.max_tokens + 64  # the longest question
    cache = zero.sampling.sequences * model.max_position * count(model).kv_bytes_per_token
    assert cache < 8 * GB


def test_the_batches_of_the_node_divide_among_its_gpus() -> None:
    assert recipe("speedrun-node").batch.rows % 64 == 0


def test_the_dial_still_turns() -> None:
    assert recipe("speedrun-gpu", depth=4).model.num_layers == 4


def test_memory_by_hand() -> None:
    """Weights, gradients and the moments of each optimizer, 4 bytes each."""
    model = recipe("speedrun-gpu", depth=2).model
    parameters = count(model).parameters + count(model).mtp_parameters
    assert training_bytes(model, OptimConfig(muon=MuonConfig()), 0) == 12 * parameters
    assert training_bytes(model, OptimConfig(adamw=AdamWConfig()), 0) == 16 * parameters
    per_token = 3 * 40 * 128 * 2 + 12 * 512
    assert training_bytes(model, OptimConfig(), 10) == 16 * parameters + 10 * per_token


def sizes(part: BaseModel) -> list[int]:
    """Every dimension of a matrix."""
    names = ("hidden_size", "intermediate_size", "q_lora_rank", "kv_lora_rank", "qk_nope_head_dim", "v_head_dim")
    found = [getattr(part, name) for name in names if isinstance(getattr(part, name, None), int)]
    inner = [value for value in vars(part).values() if isinstance(value, BaseModel)]
    return found + [size for value in inner for size in sizes(value)]
