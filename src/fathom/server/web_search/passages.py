"""What of some pages goes into a prompt: the passages that have most to do with the question, within a budget."""

from __future__ import annotations

from collections.abc import Sequence

from fathom.server.citations.relevance import relevance
from fathom.server.files.extraction.passages import split_text

BYTES_A_TOKEN = 4
"""UTF-8 bytes estimate tokens in every script better than characters do."""
_PASSAGE_BYTES = 1000
_GAP = "\n[…]\n"


def choose_passages(question: str, texts: Sequence[str], tokens: int) -> list[str]:
    """Of each text what fits, in order, gaps marked. Each has its best passage before any has a second one."""
    pieces = [
        (source, start, piece)
        for source, text in enumerate(texts)
        for piece, start in split_text(text, _PASSAGE_BYTES)
        if piece.strip()
    ]
    scores = relevance(question, [piece for _, _, piece in pieces])
    order = sorted(range(len(pieces)), key=lambda index: -scores[index])
    first = {pieces[index][0]: index for index in reversed(order)}
    relevant = [index for index in order if scores[index] > 0]
    order = [*sorted(first.values(), key=lambda index: -scores[index]), *relevant]
    left = tokens * BYTES_A_TOKEN
    chosen: set[int] = set()
    for index in order:
        size = len(pieces[index][2].encode("utf-8", "replace")) + len(_GAP)
        if index not in chosen and size <= left:
            chosen.add(index)
            left -= size
    return [
        _join([pieces[index] for index in sorted(chosen) if pieces[index][0] == source]) for source in range(len(texts))
    ]


def _join(pieces: Sequence[tuple[int, int, str]]) -> str:
    text, end = "", None
    for _, start, piece in pieces:
        text += _GAP if end is not None and start > end else ""
        text += piece
        end = start + len(piece)
    return text.strip()
