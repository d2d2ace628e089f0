"""Verifier of numeric answers.

A strict answer is a number and nothing else: ``1,234``, ``-0.5``, ``3/4``, ``$18``; not ``3 or 4``, ``1e9999`` or
``٣``. Values are compared exactly: ``0.5`` equals ``1/2``, ``0.3333`` does not equal ``1/3``.
"""

from __future__ import annotations

import re
from fractions import Fraction

from fathom.tasks.task import CORRECT

MAX_LENGTH = 60
"""Longest number in characters."""

_WHOLE = r"(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)"
_DECIMAL = rf"(?:{_WHOLE}(?:\.[0-9]+)?|\.[0-9]+)"
_STRICT = re.compile(rf"(?P<sign>[-+−]?)[$€£]?(?P<top>{_DECIMAL})(?: ?/ ?(?P<bottom>[0-9]+))?")
_ANYWHERE = re.compile(r"(?<![0-9.,])[-−]?[$€£]?(?:[0-9][0-9,]*(?:\.[0-9]+)?|\.[0-9]+)(?:/[0-9]+)?")


def parse_number(text: str) -> Fraction | None:
    """The value of a text that is one number, else None. Never raises."""
    text = text.strip(" \t\r\n")
    match = _STRICT.fullmatch(text) if len(text) <= MAX_LENGTH else None
    if match is None:
        return None
    value = Fraction(match["top"].replace(",", ""))
    if match["bottom"]:
        if not int(match["bottom"]):
            return None
        value /= int(match["bottom"])
    return -value if match["sign"] in ("-", "−") else value


def last_number(text: str) -> Fraction | None:
    """The last number in a text, else None; for lenient grading."""
    for match in reversed(list(_ANYWHERE.finditer(text[-10_000:]))):
        value = parse_number(match[0].rstrip(","))
        if value is not None:
            return value
    return None


def check_number(answer: str, expected: Fraction | int) -> str:
    """What is wrong with an answer that should be this number; empty if it is correct."""
    value = parse_number(answer)
    if value is None:
        return f"{answer.strip()[:40]!r} is not a number"
    return CORRECT if value == expected else f"it is {value}, not {expected}"


def check_last_number(answer: str, expected: Fraction | int) -> str:
    """As `check_number`, for the last number of a text."""
    value = last_number(answer)
    if value is None:
        return "no number"
    return CORRECT if value == expected else f"it is {value}, not {expected}"
