"""Exact where it can be, and never large."""

from fractions import Fraction

import pytest

from fathom.server.tools.calculator.numbers import CalculationError, combine, exact_root, power, render, to_integer


def test_rationals_stay_exact() -> None:
    assert combine("+", Fraction("0.1"), Fraction("0.2")) == Fraction(3, 10)
    assert combine("/", Fraction(1), Fraction(3)) * 3 == 1
    assert power(Fraction(8, 27), Fraction(2, 3)) == Fraction(4, 9)


@pytest.mark.parametrize(
    ("base", "exponent"),
    [(9, 10**9), (Fraction(1, 9), 10**9), (2, -(10**30)), (10**100, 10**100), (1.5, 10**9), (-2.0, 10**9)],
)
def test_powers_that_are_too_large_end_at_once(base: Fraction | float, exponent: int) -> None:
    with pytest.raises(CalculationError, match="more than 4000 digits"):
        power(Fraction(base) if isinstance(base, int) else base, Fraction(exponent))


def test_powers_of_one_are_cheap() -> None:
    assert power(Fraction(1), Fraction(10**30)) == 1
    assert power(Fraction(-1), Fraction(10**30 + 1)) == -1
    assert power(Fraction(0), Fraction(10**30)) == 0


def test_products_and_sums_are_bounded() -> None:
    large = Fraction(10**3000)
    with pytest.raises(CalculationError):
        combine("*", large, large)
    with pytest.raises(CalculationError):
        combine("/", 1.0, Fraction(0))


def test_roots_are_exact_where_they_are_rational() -> None:
    assert exact_root(Fraction(10**200), 2) == 10**100
    assert exact_root(Fraction(27, 8), 3) == Fraction(3, 2)
    assert exact_root(Fraction(2), 2) is None
    assert exact_root(Fraction(2), 10**9) is None


def test_whole_numbers_are_asked_for_by_name() -> None:
    assert to_integer(Fraction(4, 2), "gcd") == 2
    with pytest.raises(CalculationError, match=r"gcd takes whole numbers, and 0\.5 is none"):
        to_integer(Fraction(1, 2), "gcd")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Fraction(7), "7"),
        (Fraction(-5, 4), "-1.25"),
        (Fraction(1, 3), "1/3 ≈ 0.333333333333333"),
        (Fraction(1, 10**5), "0.00001"),
        (2.5, "2.5"),
        (1e300, "1e+300"),
    ],
)
def test_numbers_as_people_read_them(value: Fraction | float, text: str) -> None:
    assert render(value) == text
