import pytest
from hypothesis import given
from hypothesis import strategies as st

from fathom.tasks.verifiers.notation import closing_brace, read_notation, unwrap


@pytest.mark.parametrize(
    ("text", "notation"),
    [
        ("$\\dfrac12$", "\\frac{1}{2}"),
        ("3½", "3\\frac{1}{2}"),
        ("**\\frac{1}{2}**", "\\frac{1}{2}"),
        ("\\boxed{\\text{even}}", "even"),
        ("$5$ and $6$", "5 and 6"),
        ("$5 and $6", "$5 and $6"),
        ("90^{\\circ}", "90°"),
        ("10\\!", "10"),
        ("5!", "5!"),
        ("1\\,234{,}567", "1234567"),
        ("1\\,2", "1 2"),
        ("x²+1", "x^{2}+1"),
        ("x₁", "x_{1}"),
        ("⁴", "⁴"),
        ("5(√3 – 1)", "5(\\sqrt{3} - 1)"),
        ("５０％", "50%"),
        ("百分之五十", "50%"),
        ("（1，2）", "(1,2)"),
        ("[0, +\\infty)", "[0,\\infty)"),
        ("+4", "4"),
        ("1 + 4", "1 + 4"),
        ("5.", "5"),
        ("0.333...", "0.333..."),
        ("sqrt(2)/2", "\\sqrt{2}/2"),
        ("2**3", "2^3"),
        ("1 \\\\ 2", "1 \\\\ 2"),
        ("x \\leq 2", "x \\le 2"),
    ],
)
def test_one_thing_is_written_one_way(text: str, notation: str) -> None:
    assert read_notation(text) == notation


def test_only_what_encloses_all_is_removed() -> None:
    assert unwrap("{1}+{2}") == "{1}+{2}"
    assert unwrap("\\text{a} \\text{b}") == "\\text{a} \\text{b}"
    assert unwrap(" {{4}} .") == "4"


def test_the_brace_that_closes() -> None:
    assert closing_brace("{a\\}{b}}", 0) == 7
    assert closing_brace("{a", 0) is None


@given(st.text(max_size=60))
def test_nothing_raises_and_reading_ends(text: str) -> None:
    assert isinstance(read_notation(text), str)
