"""The sentence that shares the rare words of a claim."""

from fathom.server.citations.nearest import nearest_sentence

TEXT = (
    "The city is large. The city has many parks. Its population is 640,000 people.\n"
    "The city lies... The opera house opened in 1959 and the city paid for it. 北京是中国的首都。上海是最大的城市。"
)


def sentence(claim: str) -> str | None:
    place = nearest_sentence(claim, TEXT)
    return None if place is None else TEXT[place.start : place.end]


def test_rare_words_decide() -> None:
    assert sentence("In 1959 the city got its opera") == "The opera house opened in 1959 and the city paid for it."
    assert sentence("Some 640 thousand people, population") == "Its population is 640,000 people."
    assert sentence("中国的首都") == "北京是中国的首都。"


def test_nothing_near_is_none() -> None:
    assert sentence("Bananas are yellow") is None
    assert sentence("") is None
    assert nearest_sentence("a claim of words", "") is None


def test_a_long_line_is_cut() -> None:
    place = nearest_sentence("needle haystack", "needle haystack " * 500)
    assert place is not None
    assert place.end - place.start <= 600
