"""Whether a text contains a quote, up to what copying changes: case, spaces, punctuation, marks, line breaks.

Two texts are compared by their letters and digits alone, which forgives curly quotes, dashes, the hyphen at the end
of a line of a PDF, and the spaces that CJK does without. Three things keep "9.5" from passing as "95", "-5" as "5" and
"art" as a part of "party": separators between digits and signs before them count, and a match begins and ends between
words. An ellipsis or an editor's brackets divide a quote into pieces, which must occur in their order.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

_OMISSION = re.compile(r"\[?(?:…|\.{3,}|。{3,}|\. \. \.)\]?|\[[^\]\n]{2,80}\]")
_WORDLESS = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff]")
"""Scripts that write few spaces or none: a match may begin and end at every character."""
_OPTIONAL_MARK = re.compile(r"[\u0300-\u036f\u0591-\u05c7\u064b-\u0652\u0670]")
"""Accents, and the vowel points of Hebrew and Arabic."""
_MINUS = "-−–"
_NUMERIC = ".," + _MINUS


@dataclass(frozen=True, slots=True)
class QuotePlace:
    """Where in a text a quote is: characters ``start`` to ``end``, omissions included."""

    start: int
    end: int


class QuotableText:
    """A text to look for quotes in. Made once, in time linear in its length."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._reduced, self._places = _reduce(text)

    def find(self, quote: str) -> QuotePlace | None:
        """The first place where the pieces of ``quote`` follow each other; None where there is no such place."""
        begin = -1
        end = 0
        for piece in _OMISSION.split(quote):
            reduced = _reduce(piece)[0]
            if not reduced:
                continue
            start = self._piece(reduced, end)
            if start < 0:
                return None
            begin, end = (start if begin < 0 else begin), start + len(reduced)
        return None if begin < 0 else QuotePlace(self._places[begin], self._places[end - 1] + 1)

    def _piece(self, piece: str, start: int) -> int:
        """Where ``piece`` begins among the reduced characters from ``start`` on; -1 where it does not occur."""
        begin = self._reduced.find(piece, start)
        while begin >= 0 and not (self._boundary(begin) and self._boundary(begin + len(piece))):
            begin = self._reduced.find(piece, begin + 1)
        return begin

    def _boundary(self, index: int) -> bool:
        """Whether the reduced characters before and at ``index`` belong to different words."""
        if index in (0, len(self._reduced)):
            return True
        before, after = self._places[index - 1], self._places[index]
        if any(_separates(character) for character in self.text[before + 1 : after]):
            return True
        return after > before and bool(_WORDLESS.match(self.text[before]) or _WORDLESS.match(self.text[after]))


def word_count(quote: str) -> int:
    """The words of a quote; two characters of a script without spaces count as one."""
    wordless = len(_WORDLESS.findall(quote))
    return len(re.findall(r"\w+", _WORDLESS.sub(" ", quote))) + (wordless + 1) // 2


def _reduce(text: str) -> tuple[str, list[int]]:
    """The characters that count, and the place in ``text`` of each."""
    kept: list[str] = []
    places: list[int] = []
    for place, character in enumerate(text):
        for piece in _fold(character):
            if piece not in _NUMERIC or _is_numeric(text, place, piece):
                kept.append("-" if piece in _MINUS else piece)
                places.append(place)
    return "".join(kept), places


@lru_cache(maxsize=4096)
def _fold(character: str) -> str:
    """What of a character counts: its letters, digits and marks without case, or a sign that may belong to a number."""
    return "".join(
        piece
        for piece in unicodedata.normalize("NFKD", character).casefold()
        if piece.isalnum()
        or piece in "%‰" + _NUMERIC
        or (unicodedata.category(piece).startswith("M") and not _OPTIONAL_MARK.match(piece))
    )


def _is_numeric(text: str, place: int, piece: str) -> bool:
    """Whether this is a separator between digits, or the sign of a number."""
    if not text[place + 1 : place + 2].isdigit():
        return False
    before = text[place - 1 : place] if place else ""
    if piece in ".,":
        return before.isdigit()
    return not before or before.isspace() or before in "(=<>≤≥"


def _separates(character: str) -> bool:
    """Whether a character that does not count ends a word: all do but accents and invisible ones."""
    return unicodedata.category(character) not in ("Mn", "Cf")
