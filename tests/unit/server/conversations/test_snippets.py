"""Snippets: the words around a hit, and what to mark."""

from __future__ import annotations

import pytest

from fathom.server.conversations.snippets import WIDTH, snippet_of
from fathom.server.conversations.terms import query_terms


def marked(text: str, query: str) -> str:
    """The snippet with brackets at its marks."""
    snippet = snippet_of(text, query_terms(query))
    units = snippet.text.encode("utf-16-le")
    for start, end in reversed(snippet.marks):
        units = units[: end * 2] + "]".encode("utf-16-le") + units[end * 2 :]
        units = units[: start * 2] + "[".encode("utf-16-le") + units[start * 2 :]
    return units.decode("utf-16-le")


@pytest.mark.parametrize(
    ("text", "query", "shown"),
    [
        ("All deep things", "deep", "All [deep] things"),
        ("Deepest\nDEEP", "deep", "[Deep]est [DEEP]"),
        ("DeepSeek", "seek", "Deep[Seek]"),
        ("die Größe", "grosse", "die [Größe]"),
        ("😀😀 你好世界", "世界", "😀😀 你好[世界]"),
        ("世界，新世界", "世", "[世]界，新[世]界"),
        ("re and reread", "re", "[re] and reread"),
        ("nothing here", "elsewhere", "nothing here"),
    ],
)
def test_marks(text, query, shown):
    assert marked(text, query) == shown


def test_a_long_text_is_cut_around_the_words():
    text = "begin " * 500 + "needle in a haystack " + "end " * 5000
    shown = marked(text, "haystack needle")
    assert shown.startswith("…begin ")
    assert "[needle] in a [haystack] end" in shown
    assert shown.endswith(" end…")
    assert len(shown) < WIDTH + 10


def test_the_place_with_the_most_words_is_shown():
    text = "alpha " + "x " * 200 + "alpha beta gamma"
    assert "[alpha] [beta] [gamma]" in marked(text, "alpha beta gamma")


def test_a_word_that_only_folding_finds_in_a_long_text():
    assert "[Größe]" in marked("lorem " * 1000 + "Größe", "grosse")
    assert "[深度求索]" in marked("很长" * 3000 + "深度求索", "深度求索")
