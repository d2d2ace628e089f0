"""Graded completions and their groups."""

import pytest

from fathom.evals.grading import GradedCompletion, Group
from fathom.evals.rollout import Rollout
from fathom.tasks.rewards import Reward
from fathom.tasks.task import Item, Verdict


def graded(text, reward, correct=True):
    return GradedCompletion(
        Rollout((1,), (2, 3), (0.0, 0.0), "stop"), text, Verdict(1.0, correct, True), correct, reward
    )


def test_the_reward_is_the_sum_of_its_parts_and_the_length_counts_completion_tokens():
    completion = graded("7", Reward({"accuracy": 1.0, "format": 0.25, "length": -0.5}))
    assert completion.reward == 0.75
    assert completion.length == 2


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a\n</think> 1", True),
        ("<think>a</think>1", True),
        ("\n</think>1", False),
        ("<think>\n</think>1", False),
        ("1", False),
    ],
)
def test_has_thinking(text, expected):
    assert graded(text, Reward({"accuracy": 1.0})).has_thinking is expected


def test_a_group_counts_its_correct_completions():
    members = tuple(graded("1", Reward({"accuracy": float(correct)}), correct) for correct in (True, False, True))
    assert Group(Item("x", "x", None), members).correct == 2
