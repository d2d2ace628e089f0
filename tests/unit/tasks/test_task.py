"""The protocols of a task."""

import pytest
from toy_rl import Begin

from fathom.tasks import registry
from fathom.tasks.countdown import Countdown
from fathom.tasks.task import DescribesGroups, Item, Task, Verdict


class Described(Begin):
    def describe(self, groups):
        return {"groups": len(groups)}


def test_a_task_may_describe_its_groups_or_not():
    assert isinstance(Begin(), Task)
    assert isinstance(Countdown(), Task)
    assert not isinstance(Begin(), DescribesGroups)
    assert isinstance(Described(), DescribesGroups)
    assert not isinstance(object(), Task)


def test_items_and_verdicts_have_defaults():
    assert Item("a", "b", 1).metadata == {}
    assert Verdict(1.0, True, True).detail == ""


@pytest.mark.parametrize("name", ["arithmetic", "gsm8k", "countdown-4"])
def test_registered_tasks_satisfy_the_protocol(name):
    assert isinstance(registry.get(name), Task)
