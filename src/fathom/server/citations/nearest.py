"""The sentence of a source that is nearest to a claim: what a reader who doubts the claim wants to see first.

It shows where to look, and proves nothing.
"""

from __future__ import annotations

from itertools import pairwise

from fathom.server.citations.claims import sentence_bounds
from fathom.server.citations.quotes import QuotePlace
from fathom.server.citations.relevance import relevance
from fathom.server.citations.terms import terms_of

_LONGEST = 600
_LEAST_SHARED = 2


def nearest_sentence(claim: str, text: str) -> QuotePlace | None:
    """The place of the sentence of ``text`` nearest to ``claim``; None where they share fewer than two words."""
    spans = [(start, min(end, start + _LONGEST)) for start, end in pairwise(sentence_bounds(text)) if end > start]
    if not spans:
        return None
    scores = relevance(claim, [text[start:end] for start, end in spans])
    start, end = spans[max(range(len(spans)), key=scores.__getitem__)]
    if len(set(terms_of(claim)) & set(terms_of(text[start:end]))) < _LEAST_SHARED:
        return None
    piece = text[start:end]
    return QuotePlace(start + len(piece) - len(piece.lstrip()), start + len(piece.rstrip()))
