import pytest

pytest.importorskip("math_verify")

from fathom.tasks.sandbox.worker.math_verify import answer


def test_equal_values_in_other_forms() -> None:
    assert answer({"gold": "\\frac{1}{2}", "answer": "0.5"})
    assert answer({"gold": "x^2 + 1", "answer": "1 + x^{2}"})
    assert not answer({"gold": "4", "answer": "5"})


def test_text_without_an_expression_equals_nothing() -> None:
    assert not answer({"gold": "4", "answer": ""})
    assert not answer({"gold": "4", "answer": "\\frac{"})
