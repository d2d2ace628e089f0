"""Steps with two numbers, and what can be made of several."""

from fathom.recipes.countdown.steps import ArithmeticStep, calculation, number_text, reachable, steps


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
    assert (number_text(99), number_text(100)) == ("99", "big")
    assert calculation("-", 3, 9, 6) == "9 - 3 = 6"
    assert calculation("*", 3, 9, 27) == "3 * 9 = 27"
