"""The recipes that ship with Fathom hold, and the tiny ones run."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

from fathom.train.run.config import override
from fathom.train.run.display import Display
from fathom.train.run.metrics import read
from fathom.train.run.recipe import names, recipe
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
