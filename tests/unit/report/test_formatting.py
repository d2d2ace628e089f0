"""Numbers as text: the expected output is written out."""

from __future__ import annotations

import pytest

from fathom.report import formatting


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (formatting.size(2_212_480), "2.21 M"),
        (formatting.size(999), "999"),
        (formatting.size(9_999), "9 999"),
        (formatting.size(12_000), "12.0 K"),
        (formatting.size(671e9), "671 B"),
        (formatting.duration(4.26), "4.3 s"),
        (formatting.duration(75.2), "1 min 15 s"),
        (formatting.duration(120), "2 min"),
        (formatting.duration(7260), "2 h 01 min"),
        (formatting.dollars(0.0031), "$0.0031"),
        (formatting.dollars(12.345), "$12.35"),
        (formatting.points(-0.0312), "−3.1"),
        (formatting.points(0.0312), "+3.1"),
        (formatting.points(-0.0001), "0.0"),
        (formatting.significant(0.000012), "1.2·10⁻⁵"),
        (formatting.significant(123456), "123456"),
        (formatting.significant(-0.5), "−0.500"),
        (formatting.percent(0.8234), "82.3 %"),
        (formatting.share_with_error(0.8234, 0.012), "82.3 ± 1.2 %"),
        (formatting.share_with_error(0.8234, None), "82.3 %"),
        (formatting.join_words(["a", "b", "c"]), "a, b and c"),
        (formatting.join_words(["a"]), "a"),
        (formatting.join_words([]), ""),
        (formatting.short(1.0), "1"),
        (formatting.short(0.25), "0.25"),
        (formatting.with_unit(1, "run"), "1 run"),
        (formatting.with_unit(3000, "run"), "3 000 runs"),
    ],
)
def test_numbers_as_text(written: str, expected: str) -> None:
    assert written.replace("\u00a0", " ").replace("\u202f", " ") == expected
