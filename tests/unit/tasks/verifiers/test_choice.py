import pytest
from hypothesis import given
from hypothesis import strategies as st

from fathom.tasks.verifiers.choice import check_choice, last_choice, parse_choice


@pytest.mark.parametrize(
    ("answer", "strict", "lenient"),
    [
        ("B", "B", "B"),
        (" (B) \n", "B", "B"),
        ("B.", "B", "B"),
        ("B:", "B", "B"),
        ("b", None, None),
        ("E", None, None),
        ("", None, None),
        ("AB", None, None),
        ("A B", None, "B"),
        ("A or B", None, "B"),
        ("A, B", None, "B"),
        ("(A)(B)", None, "B"),
        ("The answer is C.", None, "C"),
        ("The answer is (C), not (D)", None, "D"),
        ("A dog is a choice of mine", None, None),
        ("I think it's D", None, "D"),
        ("В", None, None),
        ("Ｂ", "B", None),
        ("**B**", "B", "B"),
        ("\\boxed{B}", "B", "B"),
        ("\\text{(B)}", "B", "B"),
        ("B)", "B", "B"),
        ("B" + " " * 100_000, "B", None),
        ("B" * 1_000_000, None, None),
        ("B\x00", None, "B"),
    ],
)
def test_letters(answer: str, strict: str | None, lenient: str | None) -> None:
    assert parse_choice(answer, 4) == strict
    assert last_choice(answer, 4) == lenient


def test_verdicts() -> None:
    assert check_choice("B", "B") == ""
    assert check_choice("A", "B") == "it is A, not B"
    assert check_choice(None, "B") == "no choice"


@given(st.text() | st.text(alphabet="ABCDE().,: orthe"), st.integers(2, 26))
def test_nothing_raises_and_a_choice_is_one_of_those_offered(answer: str, count: int) -> None:
    for letter in (parse_choice(answer, count), last_choice(answer, count)):
        assert letter is None or letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"[:count]
