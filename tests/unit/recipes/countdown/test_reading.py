"""What is read out of traces, by hand."""

import pytest

from fathom.evals.grading import GradedCompletion, Group
from fathom.evals.rollout import Rollout
from fathom.recipes.countdown.reading import read
from fathom.recipes.countdown.traces import ZeroCountdown
from fathom.tasks.rewards import NO_REWARD
from fathom.tasks.task import Item

TASK = ZeroCountdown()
ITEM = Item("x", "17 from 9 5 3", 17, {"numbers": (9, 5, 3)})


def reading(*texts):
    members = [
        GradedCompletion(Rollout((1,), (1,), (0.0,), "stop"), text, TASK.verify(ITEM, text), False, NO_REWARD)
        for text in texts
    ]
    return read([Group(ITEM, tuple(members))])


def test_a_faultless_trace():
    found = reading(" 5 * 3 = 15, 9 + 24 - 6 * big\n 9 + 5 = 14, 3 + 17 !\n</think> ( 9 + 5 ) + 3")
    assert found.metrics() == {
        "guesses": 0.0,
        "claims": 1.0,
        "verified": 1.0,
        "lines": 2.0,
        "first_right": 1.0,
        "leaf_right": 1.0,
        "strange": 0.0,
    }


def test_wrong_results_are_counted_where_they_stand():
    found = reading(" 9 - 5 = 5, 3 + 8 - 1 * 15\n</think> 1")  # 9 - 5 = 4; of 5 and 3: 8 is right, 1 should be 2
    assert (found.first_right, found.leaf_right) == (0.0, pytest.approx(2 / 3))
    assert found.claims == 0


@pytest.mark.parametrize(
    "line",
    [
        " 9 + 5 = 14, 3 + 16 !",  # not the target
        " 9 + 5 = 14, 3 + 15 - 17 !",  # the target by wrong arithmetic
        " 9 + 3 = 14, 5 + 19 - 9 !",
    ],
)
def test_a_claim_without_substance_is_not_verified(line):
    found = reading(f"{line}\n</think> ( 9 + 5 ) + 3")
    assert (found.claims, found.verified) == (1.0, 0.0)


def test_guesses_and_lines_that_are_none():
    found = reading("</think> ( 9 + 5 ) + 3", " 9 times 5\n 9 + 5 = 14, 3 + 17 !\n</think> ( 9 + 5 ) + 3")
    assert found.guesses == 0.5
    assert found.strange == 0.5
    assert found.claims == 0.5
