"""Texts of any language as terms: what full-text search stores, looks up and marks.

Both databases would divide text by rules of their own that fail in languages without spaces. Here it is divided once,
for both: words are folded (case, accents, compatibility forms) and found by their beginning; in scripts that are
written without spaces each two neighbouring characters are a term, as in Lucene's CJK analyzer, so that a query of any
length is found anywhere. What a person types becomes terms too, and never is a query language.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

LONGEST_TERM = 64
"""Characters of a term; of a longer word (an encoded image, say) the beginning is known."""
MOST_TERMS = 32
"""Terms of a query; those beyond are left out."""
SHORTEST_BEGINNING = 4
"""Letters from which on a word of a query is the beginning of words; the last word, which may still be typed, from one
less. A shorter one is a whole word: what begins with its letters is too much to merge."""

_CONTINUOUS = (
    "\u0e00-\u0eff\u0f00-\u0fff\u1000-\u109f\u1780-\u17ff"  # Thai, Lao, Tibetan, Burmese, Khmer
    "\u2600-\u27bf\u2e80-\u2fdf\u3005-\u3007\u3040-\u30ff\u3100-\u318f\u31a0-\u31bf\u31f0-\u31ff"  # kana and others
    "\u3400-\u4dbf\u4e00-\u9fff\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\uff66-\uff9f"  # Han, Hangul
    "\U0001f000-\U0001faff\U00020000-\U0003ffff"  # pictures, Han
)
_MARKS = (
    "\u0300-\u036f\u0483-\u0489\u0591-\u05bd\u05bf\u05c1-\u05c2\u05c4-\u05c5\u05c7\u0610-\u061a\u064b-\u065f\u0670"
    "\u06d6-\u06dc\u06df-\u06e8\u06ea-\u06ed\u0711-\u07f3\u07fd\u0816-\u082d\u0859-\u085b\u0898-\u08e1\u08e3-\u0963"
    "\u0981-\u09e3\u09fe-\u0a75\u0a81-\u0ae3\u0afa-\u0b63\u0b82-\u0bd7\u0c00-\u0c63\u0c81-\u0c83\u0cbc-\u0d4d"
    "\u0d57-\u0d63\u0d81-\u0df3\u135d-\u135f\u1712-\u1734\u1752-\u1773\u180b-\u180d\u180f-\u193b\u1a17-\u1a1b"
    "\u1a55-\u1a7f\u1ab0-\u1b44\u1b6b-\u1b73\u1b80-\u1bf3\u1c24-\u1c37\u1cd0-\u1cd2\u1cd4-\u1dff\u20d0-\u20f0"
    "\ua66f-\ua672\ua674-\ua67d\ua802-\ua827\ua880-\ua8c5\ua8e0-\ua8f1\ua980-\ua9c0\uaa00-\uaa4d\uabe3-\uabed"
    "\u200c\u200d"
)
"""Marks on letters, which Python counts as no part of a word, with letters between them; joiners of letters."""
_RUN = re.compile(f"([{_CONTINUOUS}]+)|((?:(?![{_CONTINUOUS}_])[\\w{_MARKS}])+)")
"""A run of a script without spaces, or a word."""
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_ACCENTS = re.compile("[\u0300-\u036f\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0670\u200c\u200d]")


@dataclass(frozen=True, slots=True)
class Term:
    """``text`` as it is stored; ``start`` and ``end`` where it comes from, in characters of the source."""

    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class QueryTerm:
    """What one word of a query asks for: ``terms`` one after another.

    ``is_beginning``: the one term may be longer in the text. ``is_character``: it is a single character of a script
    without spaces.
    """

    terms: tuple[str, ...]
    is_beginning: bool = False
    is_character: bool = False


def terms_of(text: str) -> Iterator[Term]:
    """The terms of ``text``, in order."""
    for match in _RUN.finditer(text):
        if match[1] is not None:
            yield from _pairs(match[1], match.start())
        else:
            yield from _words(match[2], match.start())


def index_terms(text: str) -> list[str]:
    """What an index stores of ``text``: its terms in order, then each character of a script without spaces once.

    To look a character up as the beginning of its pairs would mean to merge what is known of thousands of them.
    """
    terms = [term.text for term in terms_of(text)]
    characters = {character for match in _RUN.finditer(text) if match[1] for character in match[1]}
    return terms + sorted({_fold(character) or character for character in characters} - set(terms))


def _pairs(run: str, start: int) -> Iterator[Term]:
    """Each two neighbours, then the last character alone, so that each character begins a term."""
    folded = [_fold(character) or character for character in run]
    for i in range(len(run)):
        yield Term("".join(folded[i : i + 2]), start + i, start + min(i + 2, len(run)))


def _words(word: str, start: int) -> Iterator[Term]:
    """The word, and the parts of a name in camel case: `DeepSeek` is found by "deepseek" and by "seek"."""
    if term := _fold(word)[:LONGEST_TERM]:
        yield Term(term, start, start + len(word))
    if word.islower() or len(word) > LONGEST_TERM:
        return
    for boundary in _CAMEL.finditer(word):
        end = _CAMEL.search(word, boundary.end() + 1)
        last = end.start() if end else len(word)
        yield Term(_fold(word[boundary.end() : last]), start + boundary.end(), start + last)


def _fold(word: str) -> str:
    """``word`` without case, accents and forms that only look different."""
    if word.isascii():
        return word.lower()
    folded = _ACCENTS.sub("", unicodedata.normalize("NFKD", word)).casefold()
    return unicodedata.normalize("NFC", "".join(c for c in folded if c.isalnum() or unicodedata.category(c)[0] in "MS"))


def query_terms(query: str) -> list[QueryTerm]:
    """What ``query`` asks for: all of these, each anywhere in the text."""
    asked: list[QueryTerm] = []
    matches = list(_RUN.finditer(query))
    for match in matches:
        if match[1] is not None:
            pairs = [term.text for term in _pairs(match[1], 0)]
            asked.append(QueryTerm(tuple(pairs[:-1] or pairs), is_character=len(pairs) == 1))
        elif word := _fold(match[2])[:LONGEST_TERM]:
            shortest = SHORTEST_BEGINNING - (match is matches[-1])
            asked.append(QueryTerm((word,), is_beginning=len(word) >= shortest))
    return list(dict.fromkeys(asked))[:MOST_TERMS]
