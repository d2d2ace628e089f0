"""Results done again: lines of every kind, right and wrong."""

import pytest

from fathom.evals.grading import GradedCompletion, Group
from fathom.evals.rollout import Rollout
from fathom.recipes.countdown.checking import ArithmeticScore, check, check_results
from fathom.tasks.rewards import NO_REWARD
from fathom.tasks.task import Item, Verdict


@pytest.mark.parametrize(
    ("line", "right"),
    [
        (" 9 - 5 = 4, 3 + 7 - 1 * 12", [True, True, True, True]),
        (" 9 - 5 = 4, 3 + 8 - 1 * 13", [True, False, True, False]),
        (" 9 - 5 = 5, 3 + 8 !", [False, True]),  # what follows from a slip may be right
        (" 20 * 9 = big, 3", [True]),
        (" 9 * 3 = 27, 5 + 32 - 22 * big", [True, True, True, True]),
        (" 9 * 3 = 27: 5 14 27", [True]),
        (" 4 * 3 = 12: 7 + 12 - 2", [True]),
        (" 48 - 13 = 35", [True]),
        (" 84 = 36 * 2 + 12", [True]),
        (" 84 = 36 * 1 + 48", [False]),
        (" 84 = 0 * 1 + 84", [False]),
        (" four and five", []),
    ],
)
def test_a_line_is_done_again(line, right):
    assert check_results(line) == right


def test_levels_are_told_apart():
    def group(level, *texts):
        rollout = Rollout((1,), (2,), (0.0,), "stop")
        members = tuple(GradedCompletion(rollout, text, Verdict(0.0, False, True), False, NO_REWARD) for text in texts)
        return Group(Item("x", "x", 0, {"level": level}), members)

    found = check(
        [
            group("a", " 9 - 5 = 4, 3 + 7 - 1 * 12\n 9 - 5 = 3, 3 + 6 !\n</think> 1", "</think> 1"),
            group("b", "</think> 5 - 2 = 9"),
        ]
    )
    assert found == {"a": ArithmeticScore(1.0, 6, 5 / 6), "b": ArithmeticScore(0.0, 0, 0.0)}
