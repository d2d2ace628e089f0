from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fathom.tasks.verifiers.number import (
    Numeral,
    check_last_number,
    check_number,
    last_number,
    parse_number,
    parse_numeral,
    split_suffix,
)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("18", 18),
        ("-18", -18),
        ("−18", -18),
        ("+18", 18),
        (" 18\n", 18),
        ("1,234,567", 1234567),
        ("$18.50", Fraction(37, 2)),
        (".5", Fraction(1, 2)),
        ("3/4", Fraction(3, 4)),
        ("3 / 4", Fraction(3, 4)),
        ("007", 7),
        ("18.", 18),
        ("$29.00.", 29),
        ("\\$18", 18),
        ("$ 18", 18),
        ("18%", 18),
        ("18\\%", 18),
        ("**18**", 18),
        ("`18`", 18),
        ("\\boxed{18}", 18),
        ("18 dollars", 18),
        ("18€", 18),
        ("18元", 18),
        ("5 hours", 5),
        ("42 km", 42),
        ("1e3", 1000),
        ("1.5E-2", Fraction(3, 200)),
        ("3 \\times 10^{8}", 300_000_000),
        ("3 1/2", Fraction(7, 2)),
        ("3\\frac{1}{2}", Fraction(7, 2)),
        ("-3½", Fraction(-7, 2)),
        ("½", Fraction(1, 2)),
        ("３", 3),
        ("1 234", 1234),
        ("1'234'567", 1234567),
        ("1.234.567", 1234567),
        ("1.234,5", Fraction(2469, 2)),
        ("12,34,567", 1234567),
        ("1\\,234", 1234),
        ("5 million", 5_000_000),
        ("三分之一", Fraction(1, 3)),
    ],
)
def test_numbers(text: str, value: Fraction | int) -> None:
    assert parse_number(text) == value


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "3 or 4", "3, 4", "3 4", "12,34", "1,2345", "1e9999", "1e401", "9**9**9", "9^9", "nan", "inf",
        "-inf",
        "NaN", "٣", "³", "Ⅳ", "1_000", "0x10", "0b1", "1/0", "--3", "- 3", "3 5/2", "18 apples", "x = 18",
        "18x", "18 xy", "\\boxed{18} \\boxed{19}", "18 or more", "18 dozen", "10^3", "18\x00", "18\u200b", "1\n8",
        "9" * 61, "9" * 1_000_000, "(" * 100_000,
    ],
)  # fmt: skip
def test_text_that_is_not_a_number(text: str) -> None:
    assert parse_number(text) is None
    assert check_number(text, 18)


def test_verdicts() -> None:
    assert check_number("18", 18) == ""
    assert check_number("18.0", 18) == ""
    assert check_number("0.5", Fraction(1, 2)) == ""
    assert check_number("0.3333", Fraction(1, 3)) == "it is 3333/10000, not 1/3"
    assert check_number("about 18", 18) == "'about 18' is not a number"
    assert check_number("8/2", 4) == "it holds a division that is left to do"
    assert check_number("6/8", Fraction(3, 4)) == ""


def test_a_number_keeps_how_it_is_written() -> None:
    assert parse_numeral("0.1250") == Numeral(Fraction(1, 8), digits=4, places=4)
    assert parse_numeral("1.5e-3") == Numeral(Fraction(3, 2000), digits=2, places=4)
    assert parse_numeral("-4/2") == Numeral(Fraction(-2), divides=True)
    assert parse_numeral("18 dollars") is None
    assert split_suffix("36\\text{ cm}^2") == ("36", "\\text{ cm}^2")
    assert split_suffix("x + 1") == ("x + 1", "")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("she earns $18 a day.", 18),
        ("3 or 4", 4),
        ("it is 1,234, I think", 1234),
        ("a - 5", 5),
        ("-5", -5),
        ("half: 1/2.", Fraction(1, 2)),
        ("it takes 2 1/2 hours", Fraction(5, 2)),
        ("about 1e3 of them", 1000),
        ("it is \\frac{3}{4}.", Fraction(3, 4)),
        ("it costs \\$1{,}200", 1200),
        ("it is 18.", 18),
        ("room 12 34", 34),
        ("no number", None),
        ("1/0", None),
        ("۴", None),
    ],
)
def test_the_last_number_of_a_sentence(text: str, value: Fraction | int | None) -> None:
    assert last_number(text) == value


def test_lenient_verdicts() -> None:
    assert check_last_number("so it is 18.", 18) == ""
    assert check_last_number("17", 18) == "it is 17, not 18"
    assert check_last_number("none", 18) == "no number"


@given(st.text() | st.text(alphabet="0123456789.,/-$ e", max_size=80))
def test_nothing_raises(text: str) -> None:
    assert isinstance(check_number(text, 18), str)
    assert isinstance(check_last_number(text, 18), str)


def test_a_megabyte_is_read_quickly_enough_to_finish() -> None:
    assert check_last_number("1," * 500_000, 18)
    assert check_last_number("9" * 1_000_000, 18)
