"""How much texts have to do with a question, by shared terms: BM25 (Robertson and Zaragoza 2009, equation 3.15)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from math import log

from fathom.server.citations.terms import terms_of

_K1, _B = 1.2, 0.75
_QUESTION_WORDS = 100


def relevance(question: str, texts: Sequence[str]) -> list[float]:
    """A score of each text for ``question``; 0 where they share no word."""
    wanted = set(terms_of(question)[:_QUESTION_WORDS])
    counts = [Counter(terms_of(text)) for text in texts]
    lengths = [sum(count.values()) for count in counts]
    mean = sum(lengths) / len(lengths) if lengths else 1
    weights = {word: _weight(sum(word in count for count in counts), len(texts)) for word in wanted}
    return [
        sum(
            weights[word] * count[word] * (_K1 + 1) / (count[word] + _K1 * (1 - _B + _B * length / mean))
            for word in wanted & count.keys()
        )
        for count, length in zip(counts, lengths, strict=True)
    ]


def _weight(holding: int, total: int) -> float:
    """The inverse document frequency, always positive."""
    return log(1 + (total - holding + 0.5) / (holding + 0.5))
