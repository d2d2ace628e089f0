"""Normalized words of a text and hashes of their n-grams, for comparison without layout, case and punctuation.

NFKC folds width and ligatures, ``casefold`` case; a thousands separator does not split a number; every Han, kana or
Hangul character is a word, since these scripts have no spaces. An operator between numbers or brackets is a word, or
all sums of the same numbers would be equal; ``×``, LaTeX's ``times`` and ``*`` are the same, however spaced. Everything
else between words is dropped, LaTeX's dollars and Markdown's stars included.
"""

from __future__ import annotations

import re
import unicodedata
import zlib
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

_SEPARATOR = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
_LATEX = re.compile(r"\\(cdot|times|div)\b")
_EMPHASIS = re.compile(r"\*\*+|[$`]")
_SIGNS = str.maketrans({"×": "*", "·": "*", "÷": "/", "−": "-", "–": "-"})
_OPERATORS = {sign: chr(0xE000 + at) for at, sign in enumerate("+-*/^=<>")}  # from the private use area
_OPERATION = re.compile(r"([\d)\]])\s*([-+*/^=<>])\s*(?=[-+\d(\[])")
_WORD = re.compile(r"[\ue000-\ue007]|[぀-ヿ㐀-鿿가-힣]|[^\W_぀-ヿ㐀-鿿가-힣]+")

Hashes = NDArray[np.uint64]


def normalize(text: str) -> list[str]:
    """The words of a text, in order."""
    folded = unicodedata.normalize("NFKC", text).casefold().translate(_SIGNS)
    plain = _LATEX.sub(lambda match: "/" if match[1] == "div" else "*", folded)
    plain = _SEPARATOR.sub("", _EMPHASIS.sub("", plain))
    return _WORD.findall(_OPERATION.sub(lambda match: f"{match[1]} {_OPERATORS[match[2]]} ", plain))


def word_hashes(words: list[str]) -> Hashes:
    """(words,) 64 bits each, the same in every process."""
    known: dict[str, int] = {}
    for word in words:
        if word not in known:
            data = word.encode("utf-8", "replace")
            known[word] = zlib.crc32(data) << 32 | zlib.adler32(data[::-1])
    return _splitmix64(np.array([known[word] for word in words], dtype=np.uint64))


def ngram_hashes(words: Hashes, n: int) -> Hashes:
    """(words − n + 1,) the hash of every n-gram; empty if there are fewer words."""
    hashes = np.zeros(0, dtype=np.uint64)
    for size, grams in growing_hashes(words, n):
        if size == n:
            hashes = grams
    return hashes


def growing_hashes(words: Hashes, longest: int) -> Iterator[tuple[int, Hashes]]:
    """``(n, ngram_hashes(words, n))`` for n = 1 … ``longest``, each computed from the one before."""
    hashes = np.zeros(len(words), dtype=np.uint64)
    for at in range(min(longest, len(words))):
        hashes = _splitmix64(hashes[: len(words) - at] ^ words[at:])
        yield at + 1, hashes


def _splitmix64(values: Hashes) -> Hashes:
    """The finalizer of SplitMix64, on all values at once; overflow is intended."""
    values = values + np.uint64(0x9E3779B97F4A7C15)
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))
