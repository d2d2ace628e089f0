r"""Verifier of numeric answers.

A strict answer is one number and nothing else: ``1,234``, ``-0.5``, ``3/4``, ``3 1/2``, ``1e3``, with what people write
around it: ``$18``, ``18%``, ``18 dollars``, ``**18**``, ``18.``; not ``3 or 4``, ``1e9999``, ``8/2`` or ``٣``. Values
are compared exactly: ``0.5`` equals ``1/2``, ``0.3333`` does not equal ``1/3``.

Thousands are grouped by ``,``, a space, ``'`` or, at least twice, ``.``; a decimal comma is read only behind such
groups (``1.234,5``), because ``3,5`` is two numbers wherever lists are answers.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

from fathom.tasks.task import CORRECT
from fathom.tasks.verifiers.chinese import SCALES, parse_chinese
from fathom.tasks.verifiers.notation import read_notation
from fathom.tasks.verifiers.units import MONEY, parse_unit

MAX_LENGTH = 60
"""Longest number in characters."""

MAX_EXPONENT = 400
"""Largest power of ten of a number in scientific notation: more than any quantity needs, and quick to compute."""

_SHAPES = (  # (pattern, mark of thousands, decimal mark)
    (r"[0-9]+(?:\.[0-9]+)?|\.[0-9]+", "", "."),
    (r"[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]+)?", ",", "."),
    (r"[0-9]{1,3}(?: [0-9]{3})+(?:\.[0-9]+)?", " ", "."),
    (r"[0-9]{1,3}(?: [0-9]{3})+,[0-9]+", " ", ","),
    (r"[0-9]{1,3}(?:\.[0-9]{3}){2,}(?:,[0-9]+)?", ".", ","),
    (r"[0-9]{1,3}\.[0-9]{3},[0-9]+", ".", ","),
    (r"[0-9]{1,2}(?:,[0-9]{2})+,[0-9]{3}(?:\.[0-9]+)?", ",", "."),  # lakh and crore
)
_DECIMALS = tuple((re.compile(pattern), thousands, mark) for pattern, thousands, mark in _SHAPES)
_PLAIN = r"(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)(?:\.[0-9]+)?|\.[0-9]+"
_TEN = r"\s?(?:\\times|\\cdot|\*|x)\s?10\s?\^\s?"
_SCIENTIFIC = re.compile(rf"({_PLAIN})(?:[eE]|{_TEN})\{{?([-+]?[0-9]{{1,4}})\}}?")
_FRACTION = re.compile(rf"({_PLAIN})\s?/\s?([0-9]+)")
_LATEX_FRACTION = re.compile(rf"\\frac\s*\{{\s*([-+]?)({_PLAIN})\s*\}}\s*\{{\s*([-+]?)([0-9]+)\s*\}}")
_MIXED = re.compile(r"([0-9]+)\s?(?:\\frac\s*\{\s*([0-9]+)\s*\}\s*\{\s*([0-9]+)\s*\}|(?<=\s)([0-9]+)\s?/\s?([0-9]+))")
_REPEATING = re.compile(r"([0-9]*)\.([0-9]*)\\(?:overline|dot|bar)\s*\{?([0-9]+)\}?")
_NAMES = {"hundred": 100, "thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12} | SCALES
_NAMED = re.compile(rf"(.+?)\s?(?:\\text\{{\s*)?({'|'.join(_NAMES)})\s*\}}?")
_SUFFIX = re.compile(r"(?P<number>.*[0-9}])\s*(?P<unit>(?:\\text\s*\{|[^\s0-9{}()\\.,/*^-]).*)", re.DOTALL)

_ANYWHERE = re.compile(
    r"(?<![0-9.,])[-−]?[$€£]?(?:\\frac\{[-−]?[0-9]+\}\{[0-9]+\}|[0-9]+ [0-9]+/[0-9]+|"
    r"(?:[0-9][0-9,]*(?:\.[0-9]+)?|\.[0-9]+)(?:/[0-9]+|[eE][-+]?[0-9]{1,4}(?![0-9A-Za-z]))?)"
)


@dataclass(frozen=True, slots=True)
class Numeral:
    """A number as it is written. ``digits`` are the significant ones of a decimal, 0 for fractions; ``places`` those
    behind its decimal mark. ``divides``: a fraction that is a whole number, so that a division is left to do.
    """

    value: Fraction
    digits: int = 0
    places: int = 0
    divides: bool = False

    def negate(self) -> Numeral:
        return Numeral(-self.value, self.digits, self.places, self.divides)


def parse_numeral(text: str) -> Numeral | None:
    """The number that a text in the notation of `read_notation` is, without any unit; else None. Never raises."""
    text = text.strip()
    if not text or len(text) > MAX_LENGTH:
        return None
    if text[0] in "+-":
        numeral = _parse_positive(text[1:])
        return numeral.negate() if numeral and text[0] == "-" else numeral
    return _parse_positive(text)


def parse_number(text: str) -> Fraction | None:
    """The value of a text that is one number, with money, per cent or a unit around it, else None. Never raises."""
    numeral = read_number(text)
    return numeral.value if numeral else None


def read_number(text: str) -> Numeral | None:
    """As `parse_number`, with the way it is written."""
    if len(text) > 4 * MAX_LENGTH:
        return None
    text = read_notation(text)
    money = MONEY.match(text)
    if money:
        text = money[1] + text[money.end() :]
    numeral = parse_numeral(text)
    if numeral is None:
        value, unit = split_suffix(text)
        numeral = parse_numeral(value) if unit and parse_unit(unit) else None
    return numeral


def split_suffix(text: str) -> tuple[str, str]:
    """A number and the text behind it; the second is empty if nothing is behind a number."""
    match = _SUFFIX.fullmatch(text)
    return (match["number"].strip(), match["unit"].strip()) if match else (text, "")


def last_number(text: str) -> Fraction | None:
    """The last number in a text, else None; for lenient grading."""
    for match in reversed(list(_ANYWHERE.finditer(text[-10_000:].replace("{,}", ",").replace("\\$", "$")))):
        value = parse_number(match[0].rstrip(","))
        if value is not None:
            return value
    return None


def check_number(answer: str, expected: Fraction | int) -> str:
    """What is wrong with an answer that should be this number; empty if it is correct."""
    numeral = read_number(answer)
    if numeral is None:
        return f"{answer.strip()[:40]!r} is not a number"
    if numeral.divides:
        return "it holds a division that is left to do"
    return CORRECT if numeral.value == expected else f"it is {numeral.value}, not {expected}"


def check_last_number(answer: str, expected: Fraction | int) -> str:
    """As `check_number`, for the last number of a text."""
    value = last_number(answer)
    if value is None:
        return "no number"
    return CORRECT if value == expected else f"it is {value}, not {expected}"


def _parse_positive(text: str) -> Numeral | None:
    text = text.strip() if text[:1] not in (" ", "\t") else ""
    for parse in (_parse_decimal, _parse_scientific, _parse_fraction, _parse_named, _parse_repeating):
        numeral = parse(text)
        if numeral:
            return numeral
    value = parse_chinese(text)
    return None if value is None else Numeral(value)


def _parse_decimal(text: str) -> Numeral | None:
    for pattern, thousands, mark in _DECIMALS:
        if pattern.fullmatch(text):
            plain = (text.replace(thousands, "") if thousands else text).replace(mark, ".")
            digits = plain.replace(".", "").lstrip("0")
            return Numeral(Fraction(plain), len(digits), len(plain.partition(".")[2]))
    return None


def _parse_scientific(text: str) -> Numeral | None:
    match = _SCIENTIFIC.fullmatch(text)
    if not match or abs(int(match[2])) > MAX_EXPONENT:
        return None
    mantissa = match[1].replace(",", "")
    digits = len(mantissa.replace(".", "").lstrip("0"))
    exponent = int(match[2])
    return Numeral(Fraction(mantissa) * Fraction(10) ** exponent, digits, len(mantissa.partition(".")[2]) - exponent)


def _parse_fraction(text: str) -> Numeral | None:
    mixed = _MIXED.fullmatch(text)
    if mixed:
        top, bottom = int(mixed[2] or mixed[4]), int(mixed[3] or mixed[5])
        return Numeral(int(mixed[1]) + Fraction(top, bottom)) if 0 < top < bottom else None
    match = _FRACTION.fullmatch(text)
    negative = False
    if match:
        top_text, bottom_text = match[1], match[2]
    else:
        match = _LATEX_FRACTION.fullmatch(text)
        if not match:
            return None
        negative = (match[1] == "-") != (match[3] == "-")
        top_text, bottom_text = match[2], match[4]
    if not int(bottom_text):
        return None
    value = Fraction(top_text.replace(",", "")) / int(bottom_text)
    return Numeral(-value if negative else value, divides=value.denominator == 1)


def _parse_repeating(text: str) -> Numeral | None:
    """``0.1\\overline{6}``."""
    match = _REPEATING.fullmatch(text)
    if not match:
        return None
    whole, fixed, period = match.groups()
    repeated = Fraction(int(period), (10 ** len(period) - 1) * 10 ** len(fixed))
    return Numeral(Fraction(int(whole + fixed or "0"), 10 ** len(fixed)) + repeated)


def _parse_named(text: str) -> Numeral | None:
    """``5 million``, ``1.5万``."""
    match = _NAMED.fullmatch(text)
    numeral = _parse_decimal(match[1].strip()) if match else None
    return Numeral(numeral.value * _NAMES[match[2]]) if match and numeral else None
