"""What of some pages goes into a prompt: the passages that have most to do with the question, within a budget."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fathom.server.citations.relevance import relevance
from fathom.server.files.extraction.passages import split_text

BYTES_A_TOKEN = 4
"""UTF-8 bytes estimate tokens in every script better than characters do."""
_PASSAGE_BYTES = 1000
_LEAST_TOKENS = 10
_GAP = "\n[…]\n"


@dataclass(frozen=True, slots=True)
class _Piece:
    """A passage: which source and section it is of, and where in that it begins."""

    source: int
    section: int
    start: int
    text: str


def choose_passages(question: str, sources: Sequence[Sequence[str]], tokens: int) -> list[list[str]]:
    """Of each section of each source what fits, in order, gaps marked; empty where that is nothing.

    Each source has its best passage before any has a second one.
    """
    if tokens < _LEAST_TOKENS:
        return [[""] * len(sections) for sections in sources]
    limit = min(_PASSAGE_BYTES, tokens * BYTES_A_TOKEN - len(_GAP))
    pieces = [
        _Piece(source, section, start, piece)
        for source, sections in enumerate(sources)
        for section, text in enumerate(sections)
        for piece, start in split_text(text, limit)
        if piece.strip()
    ]
    scores = relevance(question, [piece.text for piece in pieces])
    order = sorted(range(len(pieces)), key=lambda index: -scores[index])
    first = {pieces[index].source: index for index in reversed(order)}
    relevant = [index for index in order if scores[index] > 0]
    order = [*sorted(first.values(), key=lambda index: -scores[index]), *relevant]
    left = tokens * BYTES_A_TOKEN
    chosen: set[int] = set()
    for index in order:
        size = len(pieces[index].text.encode("utf-8", "replace")) + len(_GAP)
        if index not in chosen and size <= left:
            chosen.add(index)
            left -= size
    by_section: dict[tuple[int, int], list[_Piece]] = {}
    for index in sorted(chosen):
        by_section.setdefault((pieces[index].source, pieces[index].section), []).append(pieces[index])
    return [
        [_join(by_section.get((source, section), [])) for section in range(len(sections))]
        for source, sections in enumerate(sources)
    ]


def _join(pieces: Sequence[_Piece]) -> str:
    text, end = "", None
    for piece in pieces:
        text += _GAP if end is not None and piece.start > end else ""
        text += piece.text
        end = piece.start + len(piece.text)
    return text.strip()
