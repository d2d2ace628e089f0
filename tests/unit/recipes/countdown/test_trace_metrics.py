"""Statistics of traces, by hand: results computed again, claims, lines."""

from dataclasses import asdict

import pytest

from fathom.evals.grading import GradedCompletion, Group
from fathom.evals.rollout import Rollout
from fathom.recipes.countdown.arithmetic import SPEEDRUN
from fathom.recipes.countdown.corpus import speedrun_problems
from fathom.recipes.countdown.trace_metrics import ArithmeticScore, check_results, score_arithmetic, trace_statistics
from fathom.tasks.rewards import NO_REWARD
from fathom.tasks.task import Item, Verdict

TASK = speedrun_problems()
ITEM = Item("x", "17 from 9 5 3", 17, {"numbers": (9, 5, 3)})


def statistics(*texts):
    members = [
        GradedCompletion(Rollout((1,), (1,), (0.0,), "stop"), text, TASK.verify(ITEM, text), False, NO_REWARD)
        for text in texts
    ]
    return trace_statistics([Group(ITEM, tuple(members))])


def test_a_faultless_trace():
    found = statistics(" 5 * 3 = 15, 9 + 24 - 6 * big\n 9 + 5 = 14, 3 + 17 !\n</think> ( 9 + 5 ) + 3")
    assert asdict(found) == {
        "guesses": 0.0,
        "claims": 1.0,
        "verified": 1.0,
        "lines": 2.0,
        "first_right": 1.0,
        "leaf_right": 1.0,
        "strange": 0.0,
    }


def test_wrong_results_are_counted_where_they_stand():
    found = statistics(" 9 - 5 = 5, 3 + 8 - 1 * 15\n</think> 1")  # 9 - 5 = 4; of 5 and 3: 8 is right, 1 should be 2
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
    found = statistics(f"{line}\n</think> ( 9 + 5 ) + 3")
    assert (found.claims, found.verified) == (1.0, 0.0)


def test_guesses_and_lines_that_are_none():
    found = statistics("</think> ( 9 + 5 ) + 3", " 9 times 5\n 9 + 5 = 14, 3 + 17 !\n</think> ( 9 + 5 ) + 3")
    assert found.guesses == 0.5
    assert found.strange == 0.5
    assert found.claims == 0.5


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
def test_every_result_of_a_line_is_checked(line, right):
    assert check_results(line) == right


def test_the_speedrun_writes_big_beyond_72():
    assert check_results(" 9 * 9 = big, 3", SPEEDRUN) == [True]
    assert check_results(" 9 * 9 = big, 3") == [False]


def group(*texts):
    rollout = Rollout((1,), (2,), (0.0,), "stop")
    verdict = Verdict(0.0, False, True)
    return Group(ITEM, tuple(GradedCompletion(rollout, text, verdict, False, NO_REWARD) for text in texts))


def test_arithmetic_is_scored_over_all_completions():
    both = group(" 9 - 5 = 4, 3 + 7 - 1 * 12\n 9 - 5 = 3, 3 + 6 !\n</think> 1", "</think> 1")
    assert score_arithmetic([both]) == ArithmeticScore(1.0, 6, 5 / 6)
    assert score_arithmetic([group("</think> 5 - 2 = 9")]) == ArithmeticScore(0.0, 0, 0.0)
