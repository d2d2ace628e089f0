from fractions import Fraction

import pytest

from fathom.tasks.verifiers.units import PERCENT, Unit, parse_label, parse_unit


@pytest.mark.parametrize(
    ("text", "size", "dimensions"),
    [
        ("\\text{ cm}^2", Fraction(1, 10000), (("length", 2),)),
        ("square centimetres", Fraction(1, 10000), (("length", 2),)),
        ("平方厘米", Fraction(1, 10000), (("length", 2),)),
        ("km/h", Fraction(5, 18), (("length", 1), ("time", -1))),
        ("千米每小时", Fraction(5, 18), (("length", 1), ("time", -1))),
        ("\\frac{\\text{m}}{\\text{s}^2}", Fraction(1), (("length", 1), ("time", -2))),
        ("m s^{-1}", Fraction(1), (("length", 1), ("time", -1))),
        ("N\\cdot m", Fraction(1000), (("length", 2), ("mass", 1), ("time", -2))),
        ("degrees Celsius", Fraction(1), (("°C", 1),)),
        ("° \\text{C}", Fraction(1), (("°C", 1),)),
        ("cents", Fraction(1, 100), (("$", 1),)),
        ("Inches", Fraction(127, 5000), (("length", 1),)),
    ],
)
def test_units(text: str, size: Fraction, dimensions: tuple[tuple[str, int], ...]) -> None:
    assert parse_unit(text) == Unit(size, dimensions)


def test_what_is_no_unit() -> None:
    assert parse_unit("apples") is None
    assert parse_unit("") is None
    assert parse_unit("squared") is None
    assert parse_unit("\\%") is None
    assert parse_unit("percent") == PERCENT


def test_labels_are_nouns_and_no_operations() -> None:
    assert (
        parse_label("students")
        == parse_label("\\text{ student}")
        == Unit(Fraction(1), (("student", 1),), is_label=True)
    )
    assert parse_label("个") is not None
    for text in ("or more", "dozen", "times two", "squared", "million", "xy", "5", "more than", ""):
        assert parse_label(text) is None
