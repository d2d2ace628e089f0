import pytest

from fathom.tasks.expression import evaluate
from fathom.tasks.solver import reachable
from fathom.tasks.verifiers.countdown import Rules, check_expression


def test_two_numbers_by_hand() -> None:
    assert dict(reachable([6, 3], Rules())) == {2: "6 / 3", 3: "6 - 3", 9: "6 + 3", 18: "6 * 3"}
    assert dict(reachable([3, 6], Rules(use_all=False))) == {
        2: "6 / 3",
        3: "3",
        6: "6",
        9: "6 + 3",
        18: "6 * 3",
    }


def test_a_fraction_on_the_way_is_allowed_unless_all_must_be_whole() -> None:
    rules = Rules()
    assert 24 in reachable([3, 3, 8, 8], rules)  # 8 / (3 - 8 / 3), the famous one
    assert 24 not in reachable([3, 3, 8, 8], rules, whole=True)


def test_absolute_differences_of_three_numbers() -> None:
    assert sorted(reachable([1, 2, 4], Rules("-", absolute=True))) == [1, 3]


@pytest.mark.parametrize("rules", [Rules(), Rules("+-*", absolute=True), Rules("+-*", use_all=False)])
def test_every_solution_is_correct(rules: Rules) -> None:
    for target, text in reachable([2, 5, 5, 9], rules).items():
        assert check_expression(text, [2, 5, 5, 9], target, rules) == ""
        assert evaluate(text, absolute=rules.absolute).value == target
