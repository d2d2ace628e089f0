import pytest

from fathom.tasks.verifiers.english import parse_english


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("zero", 0),
        ("\\text{Twelve}", 12),
        ("nineteen", 19),
        ("forty", 40),
        ("twenty-one", 21),
        ("ninety nine", 99),
        ("twenty-ten", None),
        ("twenty zero", None),
        ("one two", None),
        ("four hundred", None),
        ("", None),
    ],
)
def test_values(text: str, value: int | None) -> None:
    assert parse_english(text) == value
