"""Rare shared words count most, in any script."""

from fathom.server.citations.relevance import relevance


def test_rare_words_decide() -> None:
    texts = ["the city is the city", "the opera of the city opened", "nothing at all"]
    scores = relevance("when did the city opera open", texts)
    assert scores[1] > scores[0] > scores[2] == 0


def test_scripts_without_spaces_match_by_pairs() -> None:
    scores = relevance("中国的首都", ["首都是北京", "上海很大"])
    assert scores[0] > scores[1] == 0


def test_nothing_is_no_error() -> None:
    assert relevance("question", []) == []
    assert relevance("", ["text", ""]) == [0, 0]
