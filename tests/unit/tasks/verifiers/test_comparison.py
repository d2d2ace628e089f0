"""Comparison by structure, with an algebra that is asked in writing."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from verifier_suite import KINDS, expected_answers

from fathom.tasks.verifiers.answer_parser import parse_answer
from fathom.tasks.verifiers.comparison import AnswerComparison


class Algebra:
    """Says that two texts are equal if they have the same characters; keeps what it was asked."""

    def __init__(self, reply: dict[str, Any] | None = None) -> None:
        self.requests: list[dict[str, Any]] = []
        self._reply = reply

    def ask(self, request: dict[str, Any]) -> dict[str, Any]:
        self.requests.append(request)
        return self._reply or {"value": sorted(request["gold"]) == sorted(request["answer"])}


def check(given: str, wanted: str, *, strict: bool = True, algebra: Algebra | None = None, seconds: float = 60) -> str:
    comparison = AnswerComparison((algebra or Algebra()).ask, strict=strict, seconds=seconds)
    return comparison.check(parse_answer(given), parse_answer(wanted))


def test_words_numbers_and_units_never_ask_algebra() -> None:
    algebra = Algebra()
    assert check("on", "no", algebra=algebra) == "it is not the expected answer"
    assert check("5", "4", algebra=algebra) == "it is 5, not 4"
    assert check("5 m", "5\\text{ cm}", algebra=algebra) == "its unit is not that of the expected value"
    assert check("5 kg", "5\\text{ cm}", algebra=algebra) == "its unit is another one"
    assert check("\\{2, 1\\}", "1, 2", algebra=algebra) == ""
    assert not algebra.requests


def test_expressions_are_asked_item_by_item() -> None:
    algebra = Algebra()
    assert check("(y+x, 2)", "(x+y, 2)", algebra=algebra) == ""
    assert algebra.requests == [{"gold": "x+y", "answer": "y+x", "tolerance": None}]


def test_only_the_lenient_reading_takes_a_rounded_decimal() -> None:
    algebra = Algebra()
    check("1.414214", "\\sqrt{2}", algebra=algebra)
    check("1.414214", "\\sqrt{2}", strict=False, algebra=algebra)
    assert [request["tolerance"] for request in algebra.requests] == [None, "1/2000000"]


def test_units_are_converted_by_the_lenient_reading() -> None:
    algebra = Algebra()
    check("\\pi\\text{ m}", "x\\text{ cm}", strict=False, algebra=algebra)
    assert algebra.requests[0]["answer"] == "(\\pi) \\cdot 100 \\cdot \\pi^{0}"


def test_after_an_error_nothing_more_is_asked() -> None:
    algebra = Algebra({"error": "it took too long"})
    assert check("x+1, x+2, x+3", "1+x, 2+x, 3+x", algebra=algebra)
    assert len(algebra.requests) == 1
    assert check("x+1", "1+x", seconds=-1) == "it cannot be compared: it took too long"
    assert check("9^{9^{9}}", "x^2", strict=False) == "it cannot be compared: its value is too large"


ANSWERS = st.sampled_from(expected_answers(*KINDS))
JOINTS = st.sampled_from([", ", " or ", "=", ":", "", "\\cup ", "\\text{ and }", " < ", "^", " \\setminus "])


@given(ANSWERS, JOINTS, ANSWERS, st.booleans())
def test_any_two_answers_are_compared_and_each_equals_itself(one: str, joint: str, other: str, strict: bool) -> None:
    both = f"{one}{joint}{other}"
    assert isinstance(check(both, one, strict=strict), str)
    assert isinstance(check(one, both, strict=strict), str)
    assert check(both, both, strict=strict) in ("", "it cannot be compared: its value is too large")
