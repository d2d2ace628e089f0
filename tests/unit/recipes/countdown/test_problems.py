"""The recipes' problems: as short as they are typed, solvable in two digits, and held out by what they ask."""

from dataclasses import fields
from itertools import islice

import pytest

from fathom.evals.grading import GradedCompletion, Group
from fathom.evals.rollout import Rollout
from fathom.recipes.countdown.arithmetic import LARGEST, is_computable, reachable
from fathom.recipes.countdown.corpus import speedrun_problems
from fathom.recipes.countdown.problems import (
    QUESTION,
    ShortArithmetic,
    ShortCountdown,
    ShortGym,
    gym,
    parse_equation,
    shorten_equation,
    shorten_gcd,
)
from fathom.recipes.countdown.trace_metrics import TraceStatistics
from fathom.tasks.rewards import NO_REWARD
from fathom.tasks.task import DescribesGroups, Task, Verdict


@pytest.fixture(scope="module")
def divisors():
    pytest.importorskip("reasoning_gym")
    return gym("gcd", min_value=2, max_value=99)


def test_countdown_is_asked_as_typed_and_answered_in_steps():
    task = ShortCountdown(4, 20, 99)
    assert isinstance(task, Task)
    assert task.name == "combine-4-20"
    item = next(iter(task.items("test")))
    numbers = item.metadata["numbers"]
    assert item.prompt[0].content == item.metadata[QUESTION] == f"{item.answer} from {' '.join(map(str, numbers))}"
    assert task.verify(item, f"</think> {item.metadata['solution']}").correct is False  # an expression
    assert all(one.answer in reachable(one.metadata["numbers"]) for one in task.items("test", limit=50))
    assert all(1 <= one.answer <= LARGEST for one in task.items("train", limit=50))


def test_steps_are_checked_one_by_one():
    task = ShortCountdown(3, 12, 60)
    item = next(item for item in task.items("train") if item.metadata["numbers"] == (9, 5, 3) and item.answer == 17)
    assert task.verify(item, " 9 + 5 = 14, 3 + 17 !\n</think> 9 + 5 = 14, 14 + 3 = 17").correct
    for wrong in ("9 + 5 = 14, 14 + 3 = 18", "9 + 5 = 14", "9 + 5 = 15, 15 + 2 = 17", "17"):
        assert not task.verify(item, f"</think> {wrong}").correct


def test_a_chain_never_leaves_two_digits():
    task = ShortArithmetic(5)
    items = list(task.items("test", limit=60))
    assert len({item.id for item in items}) == 60
    for item in items:
        assert item.metadata[QUESTION].startswith("= ")
        assert is_computable(item.metadata["expression"].split())
        assert task.verify(item, f"</think> {item.answer}").correct
        assert not task.verify(item, f"</think> {item.answer + 1}").correct


def test_divisors_are_asked_the_larger_number_first():
    ask = "Find the Greatest Common Divisor (GCD) of these numbers: {}. Give only the GCD as your final answer."
    assert shorten_gcd(ask.format("84, 36")) == "gcd 84 36"
    assert shorten_gcd(ask.format("84, 36, 12")) == "gcd 84 36 12"
    for trivial in ("36, 84", "36, 36", "36, 1", "100, 36"):
        assert shorten_gcd(ask.format(trivial)) is None


@pytest.mark.parametrize(
    ("theirs", "ours", "parts"),
    [
        ("Solve for e: 7*e + 13 = 48", "7 * x + 13 = 48", (7, 13, 48, 35)),
        ("Find the value of q in the equation: 7*q - 17 = 25<think>", "7 * x - 17 = 25", (7, 17, 25, 42)),
        ("Solve for a: 50 - 7*a = 1", "50 - 7 * x = 1", (7, 50, 1, 49)),
        ("Solve for a: a + 5 = 9", "x + 5 = 9", (1, 5, 9, 4)),
        ("Solve for a: 7*a - 17 = 99", None, None),  # 116
        ("Solve for a: 7*a - 17 = -3", None, None),
        ("Solve for a: 84*a = 252", None, None),
    ],
)
def test_an_equation_with_any_letter_is_one_with_x(theirs, ours, parts):
    assert shorten_equation(theirs) == ours
    if ours is not None:
        assert parse_equation(ours) == parts


def test_their_verifier_grades_and_the_short_question_is_held_out(divisors):
    task = ShortGym("gcd", divisors, shorten_gcd)
    assert isinstance(task, Task)
    held, train = (list(task.items(split, limit=30)) for split in ("test", "train"))
    assert [item.id for item in held] == [item.id for item in task.items("test", limit=30)]
    assert len({item.id for item in held}) == 30
    assert {item.metadata[QUESTION] for item in held}.isdisjoint(item.metadata[QUESTION] for item in train)
    for item in islice(held, 5):
        assert item.prompt[0].content == item.metadata[QUESTION]
        assert task.verify(item, f" 4\n</think> {item.answer}").correct
        assert not task.verify(item, f"</think> {int(item.answer) + 1}").correct
        assert not task.verify(item, item.answer).correct
        assert task.verify_lenient(item, item.answer).correct


def test_the_speedrun_s_problems_are_answered_by_an_expression():
    task = speedrun_problems()
    assert isinstance(task, Task)
    assert task.name == "zero-countdown-3"
    first = next(iter(task.items("test")))
    numbers = " ".join(map(str, first.metadata["numbers"]))
    assert first.prompt[0].content == f"{first.answer} from {numbers}"
    solution = f" </think> {first.metadata['solution']}"
    assert task.verify(first, solution).reward == 1
    assert task.verify(first, "</think> 1 + 1").reward == 0
    assert task.verify(first, first.metadata["solution"]).reward == 0
    assert task.verify_lenient(first, first.metadata["solution"]).correct


@pytest.mark.parametrize(
    ("task", "metric", "keys"),
    [
        (
            speedrun_problems(),
            "traces",
            {field.name for field in fields(TraceStatistics)},
        ),
        (ShortCountdown(3, 12, 60), "work", {"lines", "results", "right"}),
        (ShortArithmetic(3), "work", {"lines", "results", "right"}),
    ],
)
def test_a_task_describes_what_models_write(task, metric, keys):
    assert isinstance(task, DescribesGroups)
    item = next(iter(task.items("test")))
    rollout = Rollout((1,), (2,), (0.0,), "stop")
    member = GradedCompletion(rollout, " 9 - 5 = 4\n</think> 4", Verdict(0.0, False, True), False, NO_REWARD)
    described = task.describe([Group(item, (member,))])
    assert set(described) == {metric}
    assert set(described[metric]) == keys
    assert described[metric]["lines"] == 1
