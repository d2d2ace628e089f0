"""Expressions as people and models write them, and hostile ones."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fathom.server.tools.calculator.calculator import calculate
from fathom.server.tools.calculator.numbers import CalculationError


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("0.1 + 0.2", "0.3"),
        ("1/3", "1/3 ≈ 0.333333333333333"),
        ("2 + 3 * 4", "14"),
        ("(2 + 3) × 4", "20"),
        ("10 − 4 − 3", "3"),
        ("12 ÷ 4 / 3", "1"),
        ("-2^2", "-4"),
        ("(-2)²", "4"),
        ("2^3^2", "512"),
        ("2**-3", "0.125"),
        ("0^0", "1"),
        ("7 // 2", "3"),
        ("10 % 3", "1"),
        ("-7 mod 3", "2"),
        ("15% of 80", "12"),
        ("200 * 10%", "20"),
        ("5!", "120"),
        ("3! + 2", "8"),
        ("sin(30°)", "0.5"),
        ("2pi", "6.28318530717959"),
        ("2(3 + 4)", "14"),
        ("1/2pi", "0.159154943091895"),
        ("√16 + √(9)", "7"),
        ("8^(1/3)", "2"),
        ("1,234,567.5 * 2", "2469135"),
        ("sum(1,000, 2)", "3"),
        ("1_000", "1000"),
        ("1.5e3", "1500"),
        (".5 + 1.", "1.5"),
        ("MAX(1, 2)", "2"),
        ("max(1, (2))", "2"),
        ("sqrt(2)^2 = 2", "true"),
        ("3 < 2", "false"),
        ("1/3 ≤ 2/6", "true"),
        ("2 != 3", "true"),
        ("log2(2^1000)", "1000"),
    ],
)
def test_values(expression: str, value: str) -> None:
    assert calculate(expression) == value


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("", "there is no expression"),
        ("2 +", "ends too early: expected a number"),
        ("(2", r"ends too early: expected '\)'"),
        ("2 3", "expected an operator, and there is '3' after '2'"),
        ("12,34", "there is ',' after '12'"),
        ("1/0", "division by zero"),
        ("0^-1", "division by zero"),
        ("(-8)^0.5", "no real power"),
        ("5!!", "two ! in a row have two meanings"),
        ("foo(1)", "there is no function or constant 'foo'; there are pi, e"),
        ("gcd()", "expected a number"),
        ("log(1, 2, 3)", "log takes 1 to 2 numbers, and got 3"),
        ("__import__('os').system('x')", "is nothing that the calculator knows"),
        ("x.y", "is nothing that the calculator knows"),
        ("9**9**9**9", "more than 4000 digits"),
        ("factorial(10**9)", "more than 4000 digits"),
        ("((10!)!)!", "more than 4000 digits"),
        ("1e999999999", "more than 4000 digits"),
        ("(" * 500 + "1", "nested more than 60 deep"),
        ("-" * 1000 + "1", "nested more than 60 deep"),
        ("2^" * 900 + "2", "nested more than 60 deep"),
        ("1+" * 2000, "the expression has 4000 characters"),
    ],
)
def test_what_has_no_value_says_why(expression: str, message: str) -> None:
    with pytest.raises(CalculationError, match=message):
        calculate(expression)


@given(st.text(alphabet="0123456789+-*/^%!°(),.e piπ√sinlogmx=<>²", max_size=60))
def test_any_text_has_a_value_or_an_error_of_ours(expression: str) -> None:
    with suppress(CalculationError):
        assert calculate(expression)


@given(st.integers(-(10**9), 10**9), st.integers(-(10**9), 10**9), st.sampled_from("+-*"))
def test_integers_agree_with_python(left: int, right: int, operator: str) -> None:
    expected = {"+": left + right, "-": left - right, "*": left * right}[operator]
    assert calculate(f"({left}) {operator} ({right})") == str(expected)
