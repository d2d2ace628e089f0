"""The protocols of a task."""

import pytest
from toy_rl import Begin

from fathom.base.errors import ConfigError
from fathom.tasks import registry
from fathom.tasks.countdown import Countdown
from fathom.tasks.task import (
    DescribesGroups,
    Item,
    Task,
    Verdict,
    VerdictError,
    grade_leniently,
    grade_strictly,
)


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


class Broken(Begin):
    """A task whose verifier returns what a test gives it, or raises it."""

    def __init__(self, verdict):
        super().__init__()
        self.verdict = verdict

    def verify(self, item, completion):
        if isinstance(self.verdict, Exception):
            raise self.verdict
        return self.verdict

    verify_lenient = verify


@pytest.mark.parametrize(
    ("verdict", "what", "remedy"),
    [
        (0.5, "returned 0.5", "return Verdict(reward, correct, well_formed)"),
        (None, "returned None", "return Verdict(reward, correct, well_formed)"),
        (Verdict(float("nan"), False, True), "gave the reward nan", "give a number from 0 to 1"),
        (Verdict(float("inf"), False, True), "gave the reward inf", "give a number from 0 to 1"),
        (Verdict(None, False, True), "gave the reward None", "give a number from 0 to 1"),
        (KeyError("x"), "raised KeyError: 'x'", "correct it: a verifier must grade any text"),
    ],
)
def test_what_is_no_verdict_is_an_error_that_names_task_item_and_completion(verdict, what, remedy):
    task = Broken(verdict)
    for grade, method in ((grade_strictly, "verify"), (grade_leniently, "verify_lenient")):
        with pytest.raises(VerdictError) as error:
            grade(task, Item("sums/7", "1+1", "2"), "it is 2")
        assert error.value.message == (
            f"{method} of the task {task.name!r} {what} for item 'sums/7' and the completion 'it is 2'"
        )
        assert error.value.remedy == remedy


def test_a_verdict_is_passed_on_and_a_long_completion_is_cut_in_messages():
    assert grade_strictly(Broken(Verdict(1, True, True)), Item("a", "b", 1), "c") == Verdict(1, True, True)
    with pytest.raises(VerdictError) as error:
        grade_strictly(Broken(None), Item("a", "b", 1), "x" * 100_000 + "end")
    assert len(error.value.message) < 400
    assert error.value.message.endswith("end'")


def test_errors_of_ours_pass():
    with pytest.raises(ConfigError, match="no such thing"):
        grade_strictly(Broken(ConfigError("no such thing")), Item("a", "b", 1), "c")
