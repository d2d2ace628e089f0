"""The longer recipe holds together, and a tiny one runs from its corpus to what the base could not do."""

import pytest
from rich.console import Console

from fathom.model.counts import count
from fathom.recipes import curriculum
from fathom.train.rl.curriculum import Adaptive
from fathom.train.run.config import override
from fathom.train.run.display import Display
from fathom.train.run.metrics import read
from fathom.train.run.recipe import find, recipe
from fathom.train.run.task import TaskConfig, load_task
from fathom.train.stages import run

NAMES = ["three-12", "four-12", "chain-3", "chain-5"]


@pytest.mark.parametrize("stage", ["base", "zero", "measure", "beyond"])
def test_every_stage_is_a_valid_run(stage):
    config = recipe(f"curriculum:{stage}")
    assert type(config).model_validate_json(config.model_dump_json()) == config
    assert config.name == ("curriculum" if stage == "base" else f"curriculum-{stage}")


def test_the_model_is_v3_with_about_two_million_active_parameters():
    config = curriculum.model()
    assert config.family == "deepseek_v3"
    assert config.moe is not None
    assert 1.5e6 < count(config).active_parameters < 2.5e6
    assert config.max_position > curriculum.MAX_TOKENS + 32  # the longest question


def test_its_world_is_a_task_that_adapts():
    options = {"names": NAMES, "window": 8}
    world = load_task(TaskConfig(name="curriculum:problems", options=options))
    assert isinstance(world, Adaptive)
    assert [level.name for level in world.levels] == NAMES
    assert world.open == ["three-12", "chain-3"]
    assert [item.metadata["level"] for item in world.items("validation", limit=5)] == [*NAMES, "three-12"]
    assert len(list(find("curriculum:corpus")(documents=3, shares={"three-12": 1.0}))) == 3


@pytest.mark.slow
def test_a_tiny_one_from_end_to_end(tmp_path):
    task = f'task.options={{"names": {str(NAMES).replace(chr(39), chr(34))}, "window": 4, "threshold": 0.0}}'
    small = [
        "model.hidden_size=64",
        "model.intermediate_size=128",
        "model.num_layers=2",
        "model.moe.intermediate_size=64",
        "data.options.documents=1500",
        'data.options.shares={"three-12": 0.5, "chain-3": 0.4, "four-12": 0.1}',
        "steps=60",
        "batch.rows=8",
        "batch.length=160",
    ]
    base, zero = f"{tmp_path}/base/final", f"{tmp_path}/zero/final"
    with Display(Console(quiet=True)) as display:
        assert run(override(recipe("curriculum:base"), small), tmp_path / "base", display)
        few = ["steps=3", "sampling.prompts=8", "sampling.group=4", "sampling.max_tokens=60", "gate.mode=off"]
        looks = ["evaluation.every=2", "evaluation.problems=8", "evaluation.samples=2"]
        config = override(recipe("curriculum:zero"), [f"start={base}", task, *few, *looks])
        assert run(config, tmp_path / "zero", display)
        asked = [f"start={zero}", f"base={base}", task, "problems=8", "samples=4", "max_tokens=60"]
        assert run(override(recipe("curriculum:beyond"), asked), tmp_path / "beyond", display)
        again = [f"start={zero}", task, "problems=8", "max_tokens=60"]
        assert run(override(recipe("curriculum:measure"), again), tmp_path / "measure", display)
    lines = read(tmp_path / "zero")
    steps = [line for line in lines if line["kind"] == "rl"]
    shares = {name: level["share"] for name, level in steps[0]["levels"].items()}
    assert shares == pytest.approx({"three-12": 0.48, "four-12": 0.02, "chain-3": 0.48, "chain-5": 0.02})
    assert set(steps[-1]["open"]) == set(NAMES)
    looked = [line for line in lines if line["kind"] == "evaluation"]
    assert all(set(line["levels"]) == set(NAMES) for line in looked)
    assert [line["level"] for line in read(tmp_path / "beyond")] == ["all", *NAMES]
    measured = read(tmp_path / "measure")[0]
    assert set(measured["levels"]) == set(measured["work"]) == set(NAMES)
