"""The recipes that ship with Fathom hold, and the tiny ones run."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

from fathom.train.pipeline import Pipeline, resolve
from fathom.train.run.config import override
from fathom.train.run.display import Display
from fathom.train.run.metrics import Recorder, read
from fathom.train.run.recipe import call, names, recipe
from fathom.train.stages import run


@pytest.mark.parametrize("name", names())
def test_a_recipe_is_a_whole_configuration(name: str) -> None:
    config = recipe(name)
    assert config.name == name
    assert type(config).model_validate_json(config.model_dump_json()) == config


@pytest.mark.parametrize("name", ["tiny-pretrain", "tiny-sft"])
def test_a_tiny_recipe_begins_to_learn(name: str, tmp_path: Path) -> None:
    with Display(Console(file=io.StringIO())) as display:
        assert run(override(recipe(name), ["steps=6", "log_every=1"]), tmp_path, display)
    losses = [line["loss"] for line in read(tmp_path)]
    assert losses[-1] < losses[0] - 1
    assert (tmp_path / "final" / "config.json").is_file()


THREE = ["base", "zero", "test-base", "test-zero"]


@pytest.mark.parametrize(
    ("name", "folder", "stages"),
    [
        ("speedrun:pipeline", "speedrun", THREE),
        ("curriculum:pipeline", "curriculum", [*THREE, "beyond"]),
        ("speedrun-gpu:pipeline", "speedrun-gpu", [*THREE, "beyond"]),
        ("speedrun-node:pipeline", "speedrun-node", [*THREE, "beyond"]),
    ],
)
def test_a_pipeline_writes_where_reports_and_earlier_runs_are(
    name: str, folder: str, stages: list[str], tmp_path: Path
) -> None:
    pipeline = call(name)
    assert isinstance(pipeline, Pipeline)
    assert pipeline.name == folder
    assert [stage.name for stage in pipeline.stages] == stages
    recipes = name.partition(":")[0]
    zero = override(recipe(f"{recipes}:zero"), [f"start={tmp_path}/base/final"])
    assert resolve(pipeline.stage("zero"), tmp_path) == zero


def test_the_controls_are_those_of_the_stored_results(tmp_path: Path) -> None:
    pipeline = call("speedrun:controls")
    assert isinstance(pipeline, Pipeline)
    arms = {"zero", "continued", "rejection", "round-1", "round-2", "iterated"}
    tests = {f"test-{name}" for name in ("zero", "continued", "rejection", "iterated")}
    names = {f"seed-{seed}/{name}" for seed in range(4) for name in arms | tests}
    names |= {f"seed-{seed}/{name}" for seed in (0, 1) for name in ("base", "test-base")}
    assert {stage.name for stage in pipeline.stages} == names
    assert pipeline.jobs == 2
    Recorder(tmp_path / "seed-3/zero", spent=432.1, clock=lambda: 0.0).record("rl", 1, {})
    last = f"{tmp_path}/seed-3/round-2/final"
    settings = [f"start={last}", f"data.options.start={last}", "data.options.seed=33", "seed=3", "threads=1"]
    expected = override(recipe("speedrun:iterated"), [*settings, "minutes=2.40056"])
    assert resolve(pipeline.stage("seed-3/iterated"), tmp_path) == expected
    base = override(recipe("speedrun"), ["data.options.seed=101", "seed=1", "threads=1"])
    assert resolve(pipeline.stage("seed-1/base"), tmp_path) == base
