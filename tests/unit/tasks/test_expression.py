import contextlib
import random
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fathom.tasks.expression import ExpressionError, evaluate


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("7", 7),
        ("(3 + 5) * 7", 56),
        ("3+5*7", 38),
        ("10 - 4 - 3", 3),
        ("12 / 4 / 3", 1),
        ("7 / 3 * 3", 7),
        ("1 / 3 + 1 / 6", Fraction(1, 2)),
        ("3 − 5 × 2 ÷ 4", Fraction(1, 2)),
        ("((((2))))", 2),
        (" 3\t+ 5 \n", 8),
    ],
)
def test_values(text: str, value: Fraction | int) -> None:
    assert evaluate(text).value == value


def test_absolute_difference() -> None:
    assert evaluate("3 - 5").value == -2
    assert evaluate("3 - 5", absolute=True).value == 2
    assert evaluate("1 - 4 - 5", absolute=True).value == 2


def test_numbers_and_operators_in_order() -> None:
    found = evaluate("(3 + 5) × 3")
    assert found.numbers == (3, 5, 3)
    assert found.operators == ("+", "*")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "it is empty"),
        ("   ", "it is empty"),
        ("()", "')' instead of a number"),
        ("3 +", "it ends where a number is expected"),
        ("3 5", "'5' instead of an operator"),
        ("3(5)", "'(' instead of an operator"),
        ("-3 + 5", "'-' instead of a number"),
        ("(3 + 5", "a parenthesis is never closed"),
        ("3 + 5)", "a parenthesis is closed that was never opened"),
        ("3 / (5 - 5)", "it divides by zero"),
        ("9**9**9", "'*' instead of a number"),
        ("9^9", "'^9' is not arithmetic"),
        ("3.5 + 1", "'.5 + 1' is not arithmetic"),
        ("1e9", "'e9' is not arithmetic"),
        ("٣ + 5", "'٣ + 5' is not arithmetic"),
        ("³ + 5", "'³ + 5' is not arithmetic"),
        ("3 + 5 = 8", "' = 8' is not arithmetic"),
        ("3 +\n5", "'\\n5' is not arithmetic"),
        ("3 +\u00a05", "'\\xa05' is not arithmetic"),
        ("3 + 5\x00", "'\\x00' is not arithmetic"),
        ("__import__('os')", '"__import__(\'" is not arithmetic'),
        ("nan", "'nan' is not arithmetic"),
        ("9999999999999", "a number has more than 12 digits"),
        ("(" * 100_000, "it has 100,000 characters, more than 1,000"),
        ("(" * 900, "it is empty"),
    ],
)
def test_invalid_expressions(text: str, why: str) -> None:
    with pytest.raises(ExpressionError) as error:
        evaluate(text)
    assert error.value.message == why


def test_deep_nesting() -> None:
    assert evaluate("(" * 499 + "7" + ")" * 499).value == 7


@given(st.text(alphabet="0123456789+-*/() ×−", max_size=40) | st.text(max_size=40))
def test_any_text_has_a_value_or_is_refused(text: str) -> None:
    with contextlib.suppress(ExpressionError):
        assert isinstance(evaluate(text).value, Fraction)


@given(st.integers(0, 2**32))
def test_values_agree_with_python(seed: int) -> None:
    rng = random.Random(seed)

    def tree(depth: int) -> str:
        if depth == 0 or rng.random() < 0.2:
            return str(rng.randint(1, 20))
        return f"({tree(depth - 1)} {rng.choice('+-*')} {tree(depth - 1)})"

    text = f"{tree(3)} {rng.choice('+-*')} {tree(2)} {rng.choice('+-*')} {tree(2)}"
    assert evaluate(text).value == eval(text)
