"""A text as the words in it: what is compared when layout, case and punctuation should not matter.

Width and ligatures are folded by NFKC, case by ``casefold``; a thousands' separator does not part a number; every Han,
kana or Hangul character is a word of its own, since no space parts them. Everything else between words is dropped,
LaTeX's dollars and Markdown's stars with it.
"""

from __future__ import annotations

import re
import unicodedata
import zlib

import numpy as np
from numpy.typing import NDArray

_SEPARATOR = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
_WORD = re.compile(r"[぀-ヿ㐀-鿿가-힣]|[^\W_぀-ヿ㐀-鿿가-힣]+")

Hashes = NDArray[np.uint64]


def normalized(text: str) -> list[str]:
    """The words of a text, in order."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return _WORD.findall(_SEPARATOR.sub("", folded))


def word_hashes(words: list[str]) -> Hashes:
    """(words,) 64 bits each, the same in every process."""
    known: dict[str, int] = {}
    for word in words:
        if word not in known:
            data = word.encode("utf-8", "replace")
            known[word] = zlib.crc32(data) << 32 | zlib.adler32(data[::-1])
    return _scrambled(np.array([known[word] for word in words], dtype=np.uint64))


def ngram_hashes(words: Hashes, n: int) -> Hashes:
    """(words − n + 1,) one hash for every n words in a row; empty where there are fewer."""
    count = len(words) - n + 1
    if count <= 0:
        return np.zeros(0, dtype=np.uint64)
    total = np.zeros(count, dtype=np.uint64)
    for at in range(n):
        total = _scrambled(total ^ words[at : at + count])
    return total


def _scrambled(values: Hashes) -> Hashes:
    """The finalizer of SplitMix64, on all values at once; overflow is meant."""
    values = values + np.uint64(0x9E3779B97F4A7C15)
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))
