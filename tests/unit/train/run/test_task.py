"""Tasks by name: from the registry, from a recipe, and the laptop's."""

import pytest

from fathom.base.errors import ConfigError
from fathom.tasks.task import Task
from fathom.train.run.task import TaskConfig, load_task


@pytest.mark.parametrize("name", ["countdown-3", "arithmetic", "zero-countdown-3", "tiny-rl:Sums"])
def test_a_name_leads_to_a_task(name):
    task = load_task(TaskConfig(name=name))
    assert isinstance(task, Task)
    assert next(iter(task.items("train")))


def test_a_name_alone_is_a_task_without_options():
    config = TaskConfig.model_validate("tiny-rl:Sums")
    assert (config.name, config.options) == ("tiny-rl:Sums", {})


def test_options_reach_the_constructor():
    task = load_task(TaskConfig(name="countdown", options={"count": 4}))
    assert len(next(iter(task.items("train"))).metadata["numbers"]) == 4


@pytest.mark.parametrize(
    ("config", "words"),
    [
        (TaskConfig(name="countdwon"), "no task is called 'countdwon'"),
        (TaskConfig(name="countdown", options={"numbers": 4}), "has no option 'numbers'"),
        (TaskConfig(name="tiny-rl:tiny_rl"), "gives no task"),
        (TaskConfig(name="no-recipe:Sums"), "there is no recipe no-recipe"),
    ],
)
def test_what_leads_nowhere_is_named(config, words):
    with pytest.raises(ConfigError, match=words):
        load_task(config)


def test_the_tiny_tasks_verifier_wants_the_sum_and_nothing_else():
    task = load_task(TaskConfig(name="tiny-rl:Sums"))
    item = next(iter(task.items("test", seed=3)))
    assert task.verify(item, item.answer).reward == 1
    for wrong in ("", f" {item.answer}", f"{item.answer} ", f"{item.answer}1", "x"):
        assert task.verify(item, wrong).reward == 0
    assert task.verify_lenient(item, f" {item.answer} ").correct
