from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Literal

import pytest

import fathom
from fathom.base.errors import ConfigError
from fathom.optim.config import MuonConfig, OptimConfig
from fathom.train.run.config import RunConfig, difference, override

SOURCE = str(Path(fathom.__file__).parents[1])


class Example(RunConfig):
    stage: Literal["example"] = "example"
    name: str = "example"
    optim: OptimConfig = OptimConfig()
    folder: str | None = None


def test_settings_reach_into_the_parts() -> None:
    config = override(
        Example(), ["optim.clip=0.5", "optim.adamw.betas=[0.8,0.9]", "folder=some/where", "seed=7", "name=other"]
    )
    assert config.optim.clip == 0.5
    assert config.optim.adamw.betas == (0.8, 0.9)
    assert (config.folder, config.seed, config.name) == ("some/where", 7, "other")


def test_an_optional_part_can_be_switched_on_and_off() -> None:
    config = override(Example(), ["optim.muon.lr=0.02"])
    assert config.optim.muon == MuonConfig(lr=0.02)
    assert override(config, ["optim.muon=null"]).optim.muon is None


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("optim.clipp=1", "optim.clipp: there is no such key (did you mean clip?)"),
        ("sede=1", "sede: there is no such key (did you mean seed?)"),
        ("optim.banana=1", "optim.banana: there is no such key; "),
        ("optim.clip=-1", "optim.clip: input should be greater than 0"),
        ("seed", "--set 'seed' sets nothing"),
        ("=3", "--set '=3' sets nothing"),
        ("optim=3", "optim: it is a group of settings, not one value: set those in it, as in --set optim.KEY=VALUE"),
        ("seed.deep=3", "seed: input should be a valid integer"),
        ("optim.muon.momentum=x", "optim.muon.momentum: input should be a valid number"),
        ("optim.clip=NaN", "optim.clip: "),
    ],
)
def test_invalid_values_are_reported(setting: str, message: str) -> None:
    with pytest.raises(ConfigError) as error:
        override(Example(), [setting])
    assert message in str(error.value)


def test_every_problem_is_named_at_once() -> None:
    with pytest.raises(ConfigError, match=r"seed: .*; log_every: "):
        override(Example(), ["seed=-1", "log_every=0"])


def test_the_difference_names_keys() -> None:
    old = Example().model_dump(mode="json")
    new = override(Example(), ["optim.clip=2", "optim.muon.lr=0.02", "seed=1"]).model_dump(mode="json")
    found = {key: (before, after) for key, before, after in difference(old, new)}
    assert list(found) == ["optim.clip", "optim.muon", "seed"]
    assert found["optim.clip"] == (1.0, 2.0)


def test_a_configuration_needs_no_torch() -> None:
    code = "import fathom.train.run.config, fathom.train.run.recipe, sys; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60, env={"PYTHONPATH": SOURCE})
