from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fathom.tasks.verifiers.answer_parser import parse_answer
from fathom.tasks.verifiers.answers import (
    Answer,
    BasedNumeral,
    Items,
    MatrixAnswer,
    Named,
    Quantity,
    Ratio,
    Words,
)
from fathom.tasks.verifiers.moments import Date
from fathom.tasks.verifiers.number import Numeral
from fathom.tasks.verifiers.units import parse_unit

ONE, TWO = (Quantity(text, Numeral(Fraction(int(text)), digits=1)) for text in "12")
ENDLESS = Quantity("-\\infty"), Quantity("\\infty")


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("1", ONE),
        ("2 cm", Quantity("2", TWO.number, parse_unit("cm"))),
        ("$2", Quantity("2", TWO.number, parse_unit("$"))),
        ("2 m", Quantity("2 m", TWO.number, parse_unit("m"), "m")),
        ("2x", Quantity("2x")),
        ("\\sqrt{2}\\text{ cm}", Quantity("\\sqrt{2}", None, parse_unit("cm"))),
        ("even", Words("even")),
        ("B", Words("B")),
        ("a-b", Quantity("a-b")),
        ("1, 2", Items("list", (ONE, TWO))),
        ("1 \\text{ or } 2", Items("list", (ONE, TWO))),
        ("x = 1, x = 2", Items("list", (ONE, TWO), name="x")),
        ("\\{1, 2\\}", Items("set", (ONE, TWO))),
        ("(1, 2)", Items("tuple", (ONE, TWO), "()")),
        ("]1, 2]", Items("tuple", (ONE, TWO), "(]")),
        ("1 < x \\le 2", Items("tuple", (ONE, TWO), "(]", "x")),
        ("x > 1", Items("tuple", (ONE, ENDLESS[1]), "()", "x")),
        ("\\mathbb{R}", Items("tuple", ENDLESS, "()")),
        ("[1, 2] \\cup [1, 2]", Items("union", (Items("tuple", (ONE, TWO), "[]"),) * 2)),
        ("(1)", ONE),
        ("y = 2", Named("y", TWO, "y = 2")),
        ("1:2", Ratio((ONE, TWO))),
        ("\\pm 2", Items("list", (TWO, Quantity("-2", Numeral(Fraction(-2), digits=1))))),
        ("\\begin{pmatrix} 1 & 2 \\\\ 2 & 1 \\end{pmatrix}", MatrixAnswer(((ONE, TWO), (TWO, ONE)))),
        ("[[1, 2], [2, 1]]", MatrixAnswer(((ONE, TWO), (TWO, ONE)))),
        ("101_2", BasedNumeral("101", "2")),
        ("March 5", Date(None, 3, 5)),
        ("1,000", Quantity("1,000", Numeral(Fraction(1000), digits=4))),
    ],
)
def test_what_an_answer_is(text: str, answer: Answer) -> None:
    assert parse_answer(text) == answer


@given(
    st.text(max_size=40) | st.lists(st.sampled_from([*"(){}[],;:=<>1x ", "\\{", "\\}", "\\pm ", " or "])).map("".join)
)
def test_nothing_raises(text: str) -> None:
    parse_answer(text)
