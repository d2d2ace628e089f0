"""The few words around a hit, with the ranges to mark."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from fathom.server.conversations.terms import QueryTerm, Term, terms_of

WIDTH = 160
"""Characters of a snippet."""
BEFORE = 40
"""Characters before its first mark."""
NEAR = 1500
"""Characters of a text that are looked at for marks."""

_SPACE = re.compile(r"\s")


@dataclass(frozen=True, slots=True)
class Snippet:
    """``marks`` are ranges of ``text`` in UTF-16 code units, as JavaScript counts characters."""

    text: str
    marks: tuple[tuple[int, int], ...]


def snippet_of(text: str, asked: Sequence[QueryTerm]) -> Snippet:
    """The part of ``text`` in which most of the query's words are."""
    near, is_cut = _near(text, asked)
    matches = _matches(near, asked)
    start = _start(near, matches)
    end = min(len(near), start + WIDTH)
    if end < len(near) and (space := near.rfind(" ", end - 20, end)) > start:
        end = space
    head = "…" if start > 0 or is_cut else ""
    tail = "…" if end < len(near) else ""
    shown = head + _SPACE.sub(" ", near[start:end]) + tail
    marks: list[tuple[int, int]] = []
    for first, last, _ in matches:
        first, last = first - start + len(head), last - start + len(head)  # noqa: PLW2901
        if first >= len(head) and last <= len(shown) - len(tail) and (not marks or first >= marks[-1][1]):
            marks.append((first, last))
    return Snippet(shown, tuple((_units(shown[:first]), _units(shown[:last])) for first, last in marks))


def _near(text: str, asked: Sequence[QueryTerm]) -> tuple[str, bool]:
    """A part of a long text where a word of the query is, and whether it begins later: terms of all would take long."""
    if len(text) <= NEAR:
        return text, False
    for one in asked:
        written = one.terms[0] + "".join(term[1:] for term in one.terms[1:])
        match = re.search(rf"(?<![^\W_]){re.escape(written)}" if one.is_beginning else re.escape(written), text, re.I)
        if match is not None:
            start = max(0, match.start() - BEFORE * 2)
            start = max(start, text.rfind(" ", 0, start + BEFORE) + 1)
            return text[start : start + NEAR], start > 0
    return text, False


def _matches(text: str, asked: Sequence[QueryTerm]) -> list[tuple[int, int, int]]:
    """Start, end and number of the query's word, for all places that have it."""
    matches: list[tuple[int, int, int]] = []
    terms = list(terms_of(text))
    for number, one in enumerate(asked):
        length = len(one.terms)
        for i in range(len(terms) - length + 1):
            if (one.is_beginning or one.is_character) and terms[i].text.startswith(one.terms[0]):
                matches.append((terms[i].start, _end(text, terms[i], one.terms[0]), number))
            elif all(terms[i + j].text == one.terms[j] for j in range(length)):
                matches.append((terms[i].start, terms[i + length - 1].end, number))
    return sorted(matches)


def _end(text: str, term: Term, beginning: str) -> int:
    """Where the beginning of a term ends in the text; where folding changed its length, the end of the whole word."""
    end = term.start + len(beginning)
    return end if text[term.start : end].casefold() == beginning else term.end


def _start(text: str, matches: Sequence[tuple[int, int, int]]) -> int:
    """Where to begin so that the most words of the query are shown."""
    best, words = 0, 0
    for i, (start, _, _) in enumerate(matches[:50]):
        there = len({number for first, _, number in matches[i : i + 50] if first < start + WIDTH - BEFORE})
        if there > words:
            best, words = start, there
    if best <= BEFORE:
        return 0
    space = text.find(" ", best - BEFORE, best)
    return space + 1 if space >= 0 else best - BEFORE // 2


def _units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2
