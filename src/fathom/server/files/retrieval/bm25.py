"""BM25 (Robertson and Zaragoza 2009, "The Probabilistic Relevance Framework", equations 3.3 and 3.15)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from math import log

K1 = 1.2
"""How soon further occurrences of a term count less."""
B = 0.75
"""How much a long passage is held against it."""


def bm25_scores(question: Sequence[str], passages: Sequence[Sequence[str]]) -> list[float]:
    """The score of each passage for the terms of a question; 0 where they share none."""
    wanted = set(question)
    counts = [Counter(term for term in terms if term in wanted) for terms in passages]
    frequency = Counter(term for count in counts for term in count)
    mean = sum(map(len, passages)) / max(len(passages), 1) or 1.0
    weight = {
        term: log(1 + (len(passages) - number + 0.5) / (number + 0.5)) for term, number in frequency.items()
    }  # fmt: skip
    return [
        sum(
            weight[term] * number * (K1 + 1) / (number + K1 * (1 - B + B * len(terms) / mean))
            for term, number in count.items()
        )
        for count, terms in zip(counts, passages, strict=True)
    ]
