r"""What an answer found, for a vote: the content of its last ``\boxed{…}``, else its last number, else its text.

Two finds are the same where their numbers are equal (``1/2`` and ``0.5``), or their texts up to case, spaces and marks.
"""

from __future__ import annotations

import re
import unicodedata
from fractions import Fraction

from fathom.tasks.verifiers.format import last_boxed
from fathom.tasks.verifiers.number import last_number, parse_number

LONGEST = 200
"""Characters of a text that can be compared with another: a longer one is prose, which never equals another."""

_MARKS = re.compile(r"[\s*_`$\"'“”‘’.,;:!?。，；：！？]+")


def extract_answer(answer: str) -> str | None:
    """What ``answer`` found; None where it says nothing, or too much to compare."""
    if boxed := last_boxed(answer):
        return boxed
    number = last_number(answer)
    if number is not None:
        return str(number) if _is_whole_or_endless(number) else f"{float(number):.12g}"
    text = answer.strip()
    return text if text and len(text) <= LONGEST else None


def _is_whole_or_endless(number: Fraction) -> bool:
    """Whether a number is not a decimal of a few places."""
    places = number.denominator
    for factor in (2, 5):
        while places % factor == 0:
            places //= factor
    return places > 1 or number.denominator == 1


def same_answer(first: str, second: str) -> bool:
    """Whether two finds are the same."""
    numbers = parse_number(first), parse_number(second)
    if None not in numbers:
        return numbers[0] == numbers[1]
    return _plain(first) == _plain(second)


def _plain(text: str) -> str:
    return _MARKS.sub("", unicodedata.normalize("NFKC", text)).casefold()
