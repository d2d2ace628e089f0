from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fathom.tasks.verifiers.number import check_last_number, check_number, last_number, parse_number


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
    ],
)
def test_numbers(text: str, value: Fraction | int) -> None:
    assert parse_number(text) == value


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "3 or 4", "3, 4", "3 4", "12,34", "1,2345", "18.", "1e3", "1e9999", "9**9**9", "9^9", "nan", "inf",
        "-inf",
        "NaN", "٣", "３", "³", "½", "Ⅳ", "1_000", "0x10", "0b1", "1/0", "--3", "- 3", "3%", "18 dollars", "x = 18",
        "\\boxed{18}", "18\x00", "18\u200b", "1\n8", "9" * 61, "9" * 1_000_000, "(" * 100_000,
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


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("she earns $18 a day.", 18),
        ("3 or 4", 4),
        ("it is 1,234, I think", 1234),
        ("a - 5", 5),
        ("-5", -5),
        ("half: 1/2.", Fraction(1, 2)),
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
