from fractions import Fraction

import pytest

from fathom.tasks.verifiers.chinese import parse_chinese


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("十二", 12),
        ("二十", 20),
        ("一百零五", 105),
        ("两千三百", 2300),
        ("三万五千", 35000),
        ("一亿二千万", 120_000_000),
        ("二〇二四", 2024),
        ("负七", -7),
        ("三点一四", Fraction(157, 50)),
        ("三分之一", Fraction(1, 3)),
        ("零", 0),
        ("九页", None),
        ("", None),
        ("三点", None),
        ("零分之一", None),
    ],
)
def test_values(text: str, value: Fraction | int | None) -> None:
    assert parse_chinese(text) == value
