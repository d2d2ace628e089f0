"""Texts of many languages as terms, with the places that they come from."""

from __future__ import annotations

import pytest

from fathom.server.conversations.terms import LONGEST_TERM, MOST_TERMS, index_terms, query_terms, terms_of


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("Café, CAFÉ e\u0301te\u0301", ["cafe", "cafe", "ete"]),
        ("Größe STRASSE", ["grosse", "strasse"]),
        ("ＡＢＣ１２ x² ﬁn", ["abc12", "x2", "fin"]),
        ("snake_case e-mail 3.14", ["snake", "case", "e", "mail", "3", "14"]),
        ("DeepSeek getUserName", ["deepseek", "seek", "getusername", "user", "name"]),
        ("你好世界", ["你好", "好世", "世界", "界"]),
        ("用Python写", ["用", "python", "写"]),
        ("東京タワー", ["東京", "京タ", "タワ", "ワー", "ー"]),
        ("한국어", ["한국", "국어", "어"]),
        ("สวัส", ["สว", "วั", "ัส", "ส"]),
        ("हिन्दी की", ["हिन्दी", "की"]),
        ("مُحَمَّد", ["محمد"]),
        ("Привет, мир", ["привет", "мир"]),
        ("İstanbul", ["istanbul"]),
        ("ok 👍🏽!", ["ok", "👍🏽", "🏽"]),
        ("", []),
        ("--- \0 …", []),
    ],
)
def test_terms(text, terms):
    assert [term.text for term in terms_of(text)] == terms


def test_terms_say_where_they_come_from():
    text = "Die Größe von getUserName: 你好"
    assert [text[term.start : term.end] for term in terms_of(text)] == [
        "Die", "Größe", "von", "getUserName", "User", "Name", "你好", "好"
    ]  # fmt: skip


def test_a_long_word_is_known_by_its_beginning():
    (term,) = terms_of("a" * 100_000)
    assert term.text == "a" * LONGEST_TERM
    assert query_terms("a" * 200)[0].terms == (term.text,)


def test_the_index_knows_each_character_of_a_run():
    assert index_terms("你好你 ab") == ["你好", "好你", "你", "ab", "好"]
    (asked,) = query_terms("好")
    assert asked.is_character
    assert not asked.is_beginning


def test_a_query_asks_for_words_their_beginnings_and_runs():
    asked = {one.terms: one.is_beginning for one in query_terms('Re "deep" 你 你好世 deep')}
    assert asked == {("re",): False, ("deep",): True, ("你",): False, ("你好", "好世"): False}
    assert [one.is_beginning for one in query_terms("the then thy")] == [False, True, True]
    assert query_terms('* OR ( NEAR" -') == query_terms("or near")
    assert len(query_terms(" ".join(f"word{i}" for i in range(500)))) == MOST_TERMS


def test_no_term_holds_what_a_query_language_knows():
    text = "".join(map(chr, range(0x3000))) + "'\"\\:*&|!()<-> 你'好"
    for term in terms_of(text):
        assert not set(term.text) & set(" '\"\\:*&|!()<>-·\t\n"), term
