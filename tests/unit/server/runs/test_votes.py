import pytest

from fathom.server.runs.votes import LONGEST, extract_answer, same_answer


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        (r"So 3 and \boxed{42}.", "42"),
        ("It costs $1,250.50 in all.", "1250.5"),
        ("The half, 1/2", "0.5"),
        ("A third: 1/3", "1/3"),
        ("Paris.", "Paris."),
        ("", None),
        ("x" * (LONGEST + 1), None),
    ],
)
def test_what_an_answer_found(answer, found):
    assert extract_answer(answer) == found


def test_equal_finds():
    assert same_answer("1/2", "0.5")
    assert same_answer("**Paris**", "paris.")
    assert not same_answer("41", "42")
    assert not same_answer("Paris", "42")
