import pytest
from hypothesis import given
from hypothesis import strategies as st

from fathom.base.errors import ConfigError
from fathom.tasks.verifiers.countdown import Rules, check_expression, check_steps

NUMBERS = (3, 5, 7)
ALL = Rules()
SOME = Rules(use_all=False)


@pytest.mark.parametrize(
    ("answer", "rules", "wrong"),
    [
        ("(3 + 5) * 7", ALL, ""),
        ("7*(5+3)", ALL, ""),
        ("(3 + 5) × 7", ALL, ""),
        ("56", ALL, "56 is not one of the numbers"),
        ("(3 + 5) * 7 + 3 - 3", ALL, "3 is used too often"),
        ("7 * 8", ALL, "8 is not one of the numbers"),
        ("5 * 7", ALL, "3 is not used"),
        ("3 + 5 + 7", ALL, "it makes 15, not 56"),
        ("(3 + 5) * 7 = 56", ALL, "' = 56' is not arithmetic"),
        ("(3 + 5) * 7 or 3 * 5 * 7", ALL, "' or 3 * 5 * ' is not arithmetic"),
        ("(3 + 5) * 7, 3 * 5 * 7", ALL, "', 3 * 5 * 7' is not arithmetic"),
        ("35 + 7", ALL, "35 is not one of the numbers"),
        ("(3 + 5) * 7", Rules("+-"), "'*' is not allowed"),
        ("(3 + 5) * 7", SOME, ""),
    ],
)
def test_expressions(answer: str, rules: Rules, wrong: str) -> None:
    assert check_expression(answer, NUMBERS, 56, rules) == wrong


def test_not_every_number_need_be_used_where_the_rules_say_so() -> None:
    assert check_expression("5 * 7", NUMBERS, 35, SOME) == ""
    assert check_steps("5 * 7 = 35", NUMBERS, 35, SOME) == ""
    assert check_steps("5 * 7 = 35", NUMBERS, 35, ALL) == "a number is left over"


def test_a_number_given_twice_may_be_used_twice() -> None:
    assert check_expression("5 * 5", (5, 5), 25, ALL) == ""
    assert check_expression("5 * 5", (5, 6), 25, ALL) == "5 is used too often"


def test_absolute_difference() -> None:
    rules = Rules("+-*", absolute=True)
    assert check_expression("(3 - 5) * 7", NUMBERS, 14, rules) == ""
    assert check_expression("(3 - 5) * 7", NUMBERS, 14, ALL) == "it makes -14, not 14"
    assert check_steps("3 - 5 = 2; 2 * 7 = 14", NUMBERS, 14, rules) == ""


@pytest.mark.parametrize(
    ("answer", "wrong"),
    [
        ("3 + 5 = 8, 8 * 7 = 56", ""),
        ("3+5=8;\n8*7=56", "in '': it is not of the form a + b = c"),
        ("3+5=8\n8*7=56", ""),
        ("3 + 5 = 8, 8 * 7 = 56;", ""),
        ("8 * 7 = 56", "in '8 * 7 = 56': 8 is not available"),
        ("3 + 5 = 8, 3 * 7 = 21", "in '3 * 7 = 21': 3 is not available"),
        ("3 + 5 = 56", "in '3 + 5 = 56': the result is 8"),
        ("3 + 5 = 8 = 56", "in '3 + 5 = 8 = 56': ' = 56' is not arithmetic"),
        ("3 + 5 = 8, 8 + 7 = 15", "it ends at 15, not 56"),
        ("3 - 5 = -2, 7 * 8 = 56", "in '3 - 5 = -2': the result is -2"),
        ("5 / 3 = 5/3", "in '5 / 3 = 5/3': the result is 5/3"),
        ("5 / 0 = 0", "in '5 / 0 = 0': 0 is not available"),
        ("56", "in '56': it is not of the form a + b = c"),
        ("", "in '': it is not of the form a + b = c"),
        ("3 + 5 = 8, " * 1000, "more than 1,000 characters"),
    ],
)
def test_steps(answer: str, wrong: str) -> None:
    assert check_steps(answer, NUMBERS, 56, ALL) == wrong


def test_a_huge_value_is_named_rather_than_printed() -> None:
    many = "*".join(["99999999999"] * 80)
    assert check_expression(many, (99999999999,) * 80, 1, ALL) == "it makes a huge number, not 1"


@given(st.text(max_size=60) | st.text(alphabet="0123456789+-*/()=,; \n", max_size=60))
def test_nothing_raises_and_only_the_right_is_right(answer: str) -> None:
    for check in (check_expression, check_steps):
        assert isinstance(check(answer, NUMBERS, 56, ALL), str)
    assert check_expression(answer, NUMBERS, 10**9, SOME)
    assert check_steps(answer, NUMBERS, 10**9, SOME)


@pytest.mark.parametrize("operators", ["", "+^", "**x"])
def test_other_operators_are_refused(operators: str) -> None:
    with pytest.raises(ConfigError):
        Rules(operators)
