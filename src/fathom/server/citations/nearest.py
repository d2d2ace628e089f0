"""The sentence of a source that is nearest to a claim: what a reader who doubts the claim wants to see first.

Nearest by the words that both share, rare ones counting more (the inverse document frequency of BM25, Robertson and
Zaragoza 2009, equation 3.3, over the sentences of the source). It shows where to look, and proves nothing.
"""

from __future__ import annotations

import re
from collections import Counter
from itertools import pairwise
from math import log

from fathom.server.citations.claims import sentence_bounds
from fathom.server.citations.quotes import QuotePlace

_WORD = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]|\w{2,}|\d")
_LONGEST = 600
_LEAST_SHARED = 2
_CLAIM_WORDS = 60


def nearest_sentence(claim: str, text: str) -> QuotePlace | None:
    """The place of the sentence of ``text`` that shares most with ``claim``; None where fewer than two words agree."""
    wanted = set(_words(claim)[:_CLAIM_WORDS])
    bounds = sentence_bounds(text)
    spans = [(start, min(end, start + _LONGEST)) for start, end in pairwise(bounds) if end > start]
    shared = [wanted & set(_words(text[start:end])) for start, end in spans]
    frequency = Counter(word for words in shared for word in words)
    weights = {word: log(1 + (len(spans) - count + 0.5) / (count + 0.5)) for word, count in frequency.items()}
    best, score = None, 0.0
    for span, words in zip(spans, shared, strict=True):
        value = sum(weights[word] for word in words)
        if len(words) >= _LEAST_SHARED and value > score:
            best, score = span, value
    return None if best is None else _strip(text, *best)


def _words(text: str) -> list[str]:
    """Words without case; where a script writes no spaces, its characters."""
    return _WORD.findall(text.casefold())


def _strip(text: str, start: int, end: int) -> QuotePlace:
    piece = text[start:end]
    return QuotePlace(start + len(piece) - len(piece.lstrip()), start + len(piece.rstrip()))
