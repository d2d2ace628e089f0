"""Configurations that cannot be are refused where they are written."""

import pytest

from fathom.train.rl.config import RLConfig
from fathom.train.run.task import TaskConfig


def config(**changes):
    return RLConfig.model_validate({"name": "x", "start": "x", "task": TaskConfig(name="x"), "steps": 1} | changes)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"sampling": {"group": 1}}, "sampling.group must be at least 2"),
        ({"updates": 9, "sampling": {"prompts": 8}}, "9 updates cannot share 8 prompts"),
        ({"sampling": {"overlap": 1, "temperature": 0.8}}, "set sampling.temperature=1"),
        ({"sampling": {"rounds": 0}}, "rounds"),
        ({"sampling": {"grup": 4}}, "grup"),
    ],
)
def test_what_cannot_be_is_refused(changes, words):
    with pytest.raises(ValueError, match=words):
        config(**changes)


def test_one_completion_a_prompt_needs_the_batch_s_baseline():
    assert config(sampling={"group": 1}, estimator="batch").sampling.group == 1


def test_the_defaults_are_on_policy():
    plain = config()
    assert (plain.updates, plain.sampling.overlap, plain.loss.kl_coefficient) == (1, 0, 0)
