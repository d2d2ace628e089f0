"""The recipe for newcomers, from nothing: pretrain a little, then learn from being right."""

import pytest
from rich.console import Console

from fathom.train.run.config import override
from fathom.train.run.display import Display
from fathom.train.run.metrics import read
from fathom.train.run.recipe import recipe
from fathom.train.stages import run


@pytest.mark.slow
def test_reinforcement_learning_improves_the_tiny_model(tmp_path):
    with Display(Console(quiet=True)) as display:
        assert run(recipe("tiny-pretrain"), tmp_path / "base", display)
        start = f"start={tmp_path / 'base' / 'final'}"
        assert run(override(recipe("tiny-rl"), [start]), tmp_path / "rl", display)
    rewards = [line["reward"] for line in read(tmp_path / "rl") if line["kind"] == "rl"]
    assert len(rewards) == 40
    assert sum(rewards[-3:]) / 3 > sum(rewards[:3]) / 3 + 0.1
