import pytest

from fathom.tasks.verifiers.operations import is_immense, open_operation, same_text


@pytest.mark.parametrize(
    ("answer", "expected", "problem"),
    [
        ("2 + 2", "4", "it holds a sum, which the expected value does not"),
        ("2 \\cdot 2", "4", "it holds a product, which the expected value does not"),
        ("2(2)", "4", "it holds a product, which the expected value does not"),
        ("2 \\cdot \\sqrt{3}", "2\\sqrt{3}", ""),
        ("\\log_2(3)", "\\log_2 3", ""),
        ("5(x+1)", "5x+5", ""),
        ("3 + 1 = 4", "4", "it holds an equation where a value is expected"),
        ("x = 4", "4", ""),
        ("-4", "-4", ""),
        ("10^{-4}", "10^{4}", ""),
    ],
)
def test_operations_that_are_left_to_do(answer: str, expected: str, problem: str) -> None:
    assert open_operation(answer, expected) == problem


def test_immense_values() -> None:
    for text in ("9^{9^{9}}", "10^{10^{10}}", "2^{100000}", "999999999!", "2^(3^99999999)"):
        assert is_immense(text)
    for text in ("2^{10}", "52!", "2^{2^{3}}", "x^{12}", "10^{-34}"):
        assert not is_immense(text)


def test_spaces_count_between_digits_alone() -> None:
    assert same_text(" x + 1", "x+1")
    assert not same_text("1 2", "12")
    assert not same_text("", "")
