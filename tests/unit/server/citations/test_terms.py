"""Terms: words and pairs."""

from __future__ import annotations

import pytest

from fathom.server.citations.terms import terms_of


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("What is the Größe of Cafés?", ["gross", "cafe"]),
        ("meetings, meeting; MEETS", ["meet", "meet", "meet"]),
        ("version 1.5 of GPT-4", ["version", "1.5", "gpt-4"]),
        ("会议时间", ["会", "议", "时", "间", "会议", "议时", "时间"]),
        ("今日 A会", ["今", "日", "今日", "会"]),
        ("서울 회의", ["서", "울", "서울", "회", "의", "회의"]),
        ("", []),
    ],
)
def test_terms(text, terms):
    assert terms_of(text) == terms
