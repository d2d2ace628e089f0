"""Steps with two numbers, and what can be made of several."""

import pytest

from fathom.recipes.countdown.arithmetic import (
    CURRICULUM,
    SPEEDRUN,
    ArithmeticStep,
    calculation,
    is_computable,
    reachable,
    steps,
)


def test_every_step_of_three_numbers_the_larger_first():
    assert steps((5, 9, 3)) == [
        ArithmeticStep(9, "+", 5, (3,)),
        ArithmeticStep(9, "-", 5, (3,)),
        ArithmeticStep(9, "*", 5, (3,)),
        ArithmeticStep(5, "+", 3, (9,)),
        ArithmeticStep(5, "-", 3, (9,)),
        ArithmeticStep(5, "*", 3, (9,)),
        ArithmeticStep(9, "+", 3, (5,)),
        ArithmeticStep(9, "-", 3, (5,)),
        ArithmeticStep(9, "*", 3, (5,)),
    ]


def test_equal_numbers_give_each_step_once_and_large_results_none():
    assert [str(step.operator) for step in steps((7, 7))] == ["+", "-", "*"]
    assert len(steps((7, 7, 7))) == 3
    assert [step.operator for step in steps((20, 20))] == ["+", "-"]


def test_what_can_be_made_stays_below_a_hundred():
    assert reachable((4,)) == {4}
    assert reachable((2, 3)) == {1, 5, 6}
    assert reachable((20, 20, 10)) == {10, 30, 50, 0}  # 400 is not written, so 400 - 10 is not made
    assert 24 in reachable((4, 6, 1, 1))


def test_what_is_written():
    assert (CURRICULUM.text(99), CURRICULUM.text(100)) == ("99", "big")
    assert (SPEEDRUN.text(72), SPEEDRUN.text(73)) == ("72", "big")
    assert calculation("-", 3, 9, 6) == "9 - 3 = 6"
    assert calculation("*", 3, 9, 27) == "3 * 9 = 27"


def test_the_speedrun_lists_its_steps_from_the_last_numbers():
    assert steps((9, 5, 3), 72, from_last=True)[:3] == steps((9, 5, 3), 72)[-3:]
    assert len(steps((9, 9, 9), 72, from_last=True)) == 2  # 81 is beyond


@pytest.mark.parametrize(
    ("text", "fits"),
    [("7 + 4 * 3 - 2", True), ("3 - 9 + 12", False), ("12 * 9 - 50", False), ("50 + 50", False), ("9 - 9", True)],
)
def test_a_chain_is_computable_within_two_digits(text, fits):
    assert is_computable(text.split()) is fits
