"""Functions: exact where their values are rational, and no real number says so."""

import math
from fractions import Fraction

import pytest

from fathom.server.tools.calculator.functions import CONSTANTS, FUNCTIONS
from fathom.server.tools.calculator.numbers import CalculationError


def call(name: str, *values: object) -> object:
    return FUNCTIONS[name].call(*(Fraction(value) if not isinstance(value, float) else value for value in values))


@pytest.mark.parametrize(
    ("name", "values", "expected"),
    [
        ("sqrt", (16,), 4),
        ("cbrt", (-27,), -3),
        ("root", (Fraction(1, 32), 5), Fraction(1, 2)),
        ("log", (8, 2), 3),
        ("log", (Fraction(1, 9), 3), -2),
        ("log10", (10**3000,), 3000),
        ("factorial", (20,), math.factorial(20)),
        ("binomial", (52, 5), 2598960),
        ("binomial", (3, 5), 0),
        ("permutations", (5, 2), 20),
        ("gcd", (12, 18, 27), 3),
        ("lcm", (4, 6), 12),
        ("powmod", (3, 200, 13), pow(3, 200, 13)),
        ("powmod", (3, -1, 7), 5),
        ("mod", (-7, 3), 2),
        ("round", (Fraction(5, 2),), 3),
        ("round", (Fraction(-2345, 1000), 2), Fraction(-235, 100)),
        ("round", (1250, -2), 1300),
        ("floor", (Fraction(-5, 2),), -3),
        ("trunc", (Fraction(-5, 2),), -2),
        ("sum", (1, 2, Fraction(1, 2)), Fraction(7, 2)),
        ("mean", (1, 2), Fraction(3, 2)),
        ("median", (3, 1, 2, 10), Fraction(5, 2)),
        ("max", (3, 1), 3),
        ("sign", (-4,), -1),
    ],
)
def test_exact_values(name: str, values: tuple[object, ...], expected: object) -> None:
    assert call(name, *values) == expected


@pytest.mark.parametrize(
    ("name", "values", "expected"),
    [("sin", (CONSTANTS["pi"],), 0), ("exp", (1,), math.e), ("ln", (10,), math.log(10)), ("hypot", (3, 4), 5)],
)
def test_real_values(name: str, values: tuple[object, ...], expected: float) -> None:
    assert call(name, *values) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("sqrt", (-1,)),
        ("ln", (0,)),
        ("log", (8, 1)),
        ("asin", (2,)),
        ("exp", (1000,)),
        ("factorial", (10**9,)),
        ("factorial", (-1,)),
        ("factorial", (Fraction(1, 2),)),
        ("binomial", (10**9, 10**8)),
        ("permutations", (10**9, 10**8)),
        ("powmod", (2, -1, 4)),
        ("powmod", (2, 10**700, 7)),
        ("lcm", tuple(10**1000 + n for n in range(20))),
        ("mod", (1, 0)),
        ("round", (1, 10**9)),
        ("atan2", (10**400, 1)),
    ],
)
def test_what_has_no_value_says_so(name: str, values: tuple[object, ...]) -> None:
    with pytest.raises(CalculationError):
        call(name, *values)


@pytest.mark.parametrize("places", [-(10**9), 10**9])
def test_places_that_no_number_has(places: int) -> None:
    with pytest.raises(CalculationError, match="numbers are rounded to 1000 places at most; name fewer places"):
        call("round", Fraction(1, 3), places)
