"""BM25 by its formula and by what it must prefer."""

from __future__ import annotations

from math import log

import pytest

from fathom.server.files.retrieval.bm25 import bm25_scores


def test_the_formula():
    scores = bm25_scores(["x"], [["x", "y"], ["y", "y"]])
    weight = log(1 + (2 - 1 + 0.5) / (1 + 0.5))
    assert scores == [pytest.approx(weight * 2.2 / (1 + 1.2)), 0.0]


def test_rare_terms_and_short_passages_count_more():
    passages = [["rare", "often"], ["often", "often"], ["often", "z"], ["rare", *["z"] * 20]]
    scores = bm25_scores(["rare", "often"], passages)
    assert scores[0] == max(scores)
    assert scores[3] < scores[0]
    assert bm25_scores(["rare"], passages)[1] == 0.0


def test_nothing_to_score():
    assert bm25_scores([], [["a"]]) == [0.0]
    assert bm25_scores(["a"], []) == []
    assert bm25_scores(["a"], [[]]) == [0.0]
