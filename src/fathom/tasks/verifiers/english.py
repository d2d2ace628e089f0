"""Numbers in English words below a hundred, which the lenient reading takes for digits."""

from __future__ import annotations

import re

_SMALL = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"),
    *("ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
)
_TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")


def parse_english(text: str) -> int | None:
    """The value of a whole text of one number word, or of two as in ``twenty-one``; else None."""
    words = re.sub(r"\\text\s*\{([^{}]*)\}", r"\1", text).casefold().replace("-", " ").split()
    if len(words) == 1 and words[0] in _SMALL:
        return _SMALL.index(words[0])
    if not words or words[0] not in _TENS or len(words) > 2:
        return None
    tens = 20 + 10 * _TENS.index(words[0])
    if len(words) == 1:
        return tens
    return tens + _SMALL.index(words[1]) if words[1] in _SMALL[1:10] else None
