"""The levels of the curriculum: their order, their shares, and how often their solvers fail."""

import random

import pytest

from fathom.base.errors import ConfigError
from fathom.recipes.countdown.levels import LEVELS, levels
from fathom.tasks.task import Task
from fathom.train.rl.curriculum import Curriculum

OWN = ("three-12", "three-20", "four-12", "four-20", "chain-3", "chain-5")
"""Levels that need no other package."""


def test_levels_open_in_an_order_and_some_are_never_read_about():
    assert sum(spec.share for spec in LEVELS.values()) == pytest.approx(1)
    assert [name for name, spec in LEVELS.items() if not spec.share] == ["four-20", "chain-5", "gcd-3"]
    chosen = levels(OWN)
    assert all(isinstance(level.task, Task) for level in chosen)
    assert Curriculum(chosen).open == ["three-12", "chain-3"]
    assert Curriculum(levels(("four-20",))).open == ["four-20"]
    with pytest.raises(ConfigError, match="there is no level 'five'"):
        levels(("five",))


@pytest.mark.parametrize(
    ("name", "low", "high"), [("three-12", 0.3, 0.45), ("four-12", 0.03, 0.12), ("chain-3", 0.25, 0.5)]
)
def test_solvers_fail_as_they_should(name, low, high):
    spec = LEVELS[name]
    task = spec.task()
    rng = random.Random(0)
    verdicts = [task.verify(item, spec.solver(item, spec.rates, rng)) for item in task.items("train", limit=300)]
    assert all(verdict.well_formed for verdict in verdicts)
    assert low < sum(verdict.correct for verdict in verdicts) / 300 < high
