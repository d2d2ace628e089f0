"""The protocols of a task."""

from toy_rl import Begin

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
