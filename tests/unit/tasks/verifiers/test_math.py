from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fathom.tasks.sandbox.worker import worker
from fathom.tasks.sandbox.worker.worker import MissingPackageError
from fathom.tasks.verifiers.math import MathVerifier, form_problem


@pytest.fixture(scope="module")
def verifier() -> Iterator[MathVerifier]:
    pytest.importorskip("math_verify")
    verifier = MathVerifier(seconds=60)
    yield verifier
    verifier.close()


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("4", "4"),
        ("4.0", "4"),
        ("x = 4", "4"),
        ("0.5", "\\frac{1}{2}"),
        ("\\frac12", "\\frac{1}{2}"),
        ("\\dfrac{1}{2}", "0.5"),
        ("1 + x^{2}", "x^2+1"),
        ("(1, 2)", "(1,2)"),
        ("[0, 1)", "[0,1)"),
        ("\\{2, 1\\}", "\\{1, 2\\}"),
        ("\\frac{1}{\\sqrt{2}}", "\\frac{\\sqrt{2}}{2}"),
        ("even", "\\text{even}"),
        ("\\text{no real solution}", "\\text{no real solution}"),
    ],
)
def test_right(verifier: MathVerifier, answer: str, expected: str) -> None:
    assert verifier.check_strict(answer, expected) == ""
    assert verifier.check_lenient(answer, expected) == ""


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ("5", "it is 5, not 4"),
        ("-4", "it is -4, not 4"),
        ("", "it is not 4"),
        ("3 or 4", "it holds alternatives, which the expected value does not"),
        ("3, 4", "it is not 4"),
        ("\\{3, 4\\}", "it is not 4"),
        ("4; 5", "it holds alternatives, which the expected value does not"),
        ("4 \\\\ 5", "it holds alternatives, which the expected value does not"),
        ("4 \\text{ and } 5", "it holds alternatives, which the expected value does not"),
        ("\\pm 4", "it holds alternatives, which the expected value does not"),
        ("2 + 2", "it holds a sum, which the expected value does not"),
        ("10 - 6", "it holds a sum, which the expected value does not"),
        ("2 \\times 2", "it holds a product, which the expected value does not"),
        ("2^2", "it holds a power, which the expected value does not"),
        ("3 + 1 = 4", "it holds an equation where a value is expected"),
        ("\\int_0^1 4 dx", "it holds a power, which the expected value does not"),
        ("\\lim_{x \\to 4} x", "it holds an integral, sum or limit, which the expected value does not"),
        ("\\log_2 16", "it holds a function, which the expected value does not"),
        ("8 \\div 2", "it holds a division sign, which the expected value does not"),
        ("x > 3", "it holds a comparison, which the expected value does not"),
        ("9^{9^{9}}", "it holds a power, which the expected value does not"),
        ("9**9**9", "it holds a power, which the expected value does not"),
        ("8/2", "it holds a division that is left to do"),
        ("\\sqrt{16}", "it holds a root, which the expected value does not"),
        ("2(2)", "it holds a product, which the expected value does not"),
        ("999999999!", "it holds a factorial, which the expected value does not"),
        ("4}\\boxed{4", "its brackets do not match, or nest deeper than 20"),
        ("(" * 100 + "4" + ")" * 100, "its brackets do not match, or nest deeper than 20"),
        ("\\frac{" * 50, "its brackets do not match, or nest deeper than 20"),
        ("4" * 501, "more than 500 characters"),
        ("4" * 1_000_000, "more than 500 characters"),
        ("4\x00", "it holds the character U+0000"),
        ("4\u200b", "it holds the character U+200B"),
        ("4\ud800", "it holds the character U+D800"),
        ("٤", "its digits are not ASCII"),
        ("⁴", "its digits are not ASCII"),
        ("nan", "it is not 4"),
        ("\\infty", "it is not 4"),
        ("the answer is 4", "it is not 4"),
        ("__import__('os').abort()", "it is not 4"),
    ],
)
def test_wrong(verifier: MathVerifier, answer: str, why: str) -> None:
    assert verifier.check_strict(answer, "4") == why


def test_an_expected_answer_may_be_long(verifier: MathVerifier) -> None:
    assert verifier.check_strict("4" * 600, "4" * 600) == ""
    assert verifier.check_strict("4" * 599 + "5", "4" * 600) == f"it is not {'4' * 60}"


def test_what_a_sentence_states_is_read_leniently(verifier: MathVerifier) -> None:
    assert verifier.check_lenient("So the answer is $\\frac12$.", "0.5") == ""
    assert verifier.check_strict("So the answer is $\\frac12$.", "0.5") == "it is not 0.5"
    assert verifier.check_lenient("It is 4 or 5", "4") == "it is not 4"


def test_lenient_takes_what_is_equal(verifier: MathVerifier) -> None:
    assert verifier.check_lenient("2 + 2", "4") == ""
    assert verifier.check_lenient("2^{-1/2}", "\\frac{\\sqrt{2}}{2}") == ""
    assert verifier.check_lenient("3 or 4", "4")


@pytest.mark.parametrize("bomb", ["9^{9^{9}}", "999999999!", "\\sum_{n=1}^{10^{100}} n!", "x^{x^{x^{x^{10^{10}}}}}"])
def test_an_endless_comparison_is_wrong_and_the_next_answer_is_checked(bomb: str) -> None:
    pytest.importorskip("math_verify")
    verifier = MathVerifier(seconds=8)
    assert verifier.check_lenient(bomb, "\\sqrt{2}")
    assert verifier.check_lenient("\\sqrt{8}/2", "\\sqrt{2}") == ""
    verifier.close()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.text(max_size=40) | st.lists(st.sampled_from(["\\frac", *"{}1x^_(),=$&%\\", "\\sqrt"]), max_size=12).map("".join)
)
def test_nothing_raises(verifier: MathVerifier, answer: str) -> None:
    assert isinstance(verifier.check_strict(answer, "\\frac{7}{3}"), str)
    assert isinstance(form_problem(answer, "7"), str)


def test_without_math_verify_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MissingPackageError) as error:
        MathVerifier()
    assert error.value.message == "the package math-verify is not installed"
    assert error.value.remedy == 'pip install "fathom-lm[train]"'
