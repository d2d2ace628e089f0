"""A quote is found through what copying changes, and not where a word or a number differs."""

import pytest

from fathom.server.citations.quotes import QuotableText, word_count

PAGE = (
    "The town was founded in 1703. Its popu-\nlation grew to 5.3 million people, or “about 4 % of the country’s total”."
    "\nIn January the mean is −5.5 °C. Café culture – famous abroad – began late. 中国的首都是北京，人口众多。"
)


@pytest.mark.parametrize(
    "quote",
    [
        "The town was founded in 1703",
        "the TOWN was   founded\nin 1703.",
        "Its population grew to 5.3 million people",
        "about 4% of the country's total\"",
        "the mean is -5.5 °C",
        "cafe culture - famous abroad",
        "The town was founded … grew to 5.3 million",
        "[T]he town [in question] was founded [...] the mean",
        "首都是北京，人口",
        "首都是 北京",
    ],
)
def test_what_copying_changes_is_forgiven(quote: str) -> None:
    assert QuotableText(PAGE).find(quote) is not None


@pytest.mark.parametrize(
    "quote",
    [
        "the town was founded in 1704",
        "grew to 53 million people",
        "grew to 3 million people",
        "the mean is 5.5",
        "own was founded in 1703",
        "the town was found",
        "grew to 5.3 million … the town was founded",
        "首都是南京",
        "…",
        "",
        "?!",
    ],
)
def test_another_word_or_number_is_not(quote: str) -> None:
    assert QuotableText(PAGE).find(quote) is None


def test_the_place_is_in_the_text_itself() -> None:
    page = QuotableText("ﬁrst: ÉCOLE normale")
    place = page.find("first école")
    assert place is not None
    assert page.text[place.start : place.end] == "ﬁrst: ÉCOLE"


def test_a_second_occurrence_counts_where_the_first_is_inside_a_word() -> None:
    place = QuotableText("a party of art lovers").find("art")
    assert place is not None
    assert place.start == 11


def test_accents_are_optional_and_vowel_signs_are_not() -> None:
    assert QuotableText("ru\u0308ckwa\u0308rts gehen").find("ruckwärts gehen") is not None
    assert QuotableText("हिन्दी भाषा").find("हिन्दी भाषा") is not None
    assert QuotableText("हिन्दी भाषा").find("हन्द भष") is None


def test_words_are_counted_in_any_script() -> None:
    assert word_count("so-called “attention”") == 3
    assert word_count("首都是北京") == 3
    assert word_count("") == 0
