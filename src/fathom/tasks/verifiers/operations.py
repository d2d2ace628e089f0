r"""What an expression leaves to compute: the operations in it.

A strict answer has no kind of operation that the expected one does not have. Signs, units, digits grouped by commas and
scientific notation are no operations. Texts are in the notation of `fathom.tasks.verifiers.notation.read_notation`.
"""

from __future__ import annotations

import re

from fathom.tasks.task import CORRECT

_OPERATIONS = {
    "a sum": r"\+|(?<=[\w)}\]])\s*-",
    "a product": r"\*|\\times|\\cdot|\\ast",
    "a power": r"\^",
    "a root": r"\\sqrt",
    "a factorial": r"!|\\binom|\\choose|\\Gamma",
    "an integral, sum or limit": r"\\(?:i*nt|oint|sum|prod|lim|frac\{d|partial|det|max|min|gcd|bmod|pmod|mod)",
    "a function": r"\\(?:log|ln|exp|arc|sin|cos|tan|cot|sec|csc|lfloor|lceil|operatorname)|\||\\[lr]vert",
    "a division sign": r"÷|\\div",
    "alternatives": r"\bor\b|\band\b|\\vee|\\lor|;|\\\\|\\quad|\\pm",
    "a comparison": r"[<>]|\\(?:ne|le|ge|approx|equiv|in)(?![A-Za-z])",
}
_NAMED = re.compile(r"\s*\\?[A-Za-z]\w?\s*=(?!=)")
_JUXTAPOSED = re.compile(r"(?<![_\d])\d+\s*\(|\)\s*[\d(\\]")
_VARIABLE = re.compile(r"(?<![\\A-Za-z])[A-Za-z](?![A-Za-z])")
_COMMAND = re.compile(r"\\(?:frac|text|infty|le|ge|cup)(?![A-Za-z])")
_PRODUCT = re.compile(r"[\d)]\s*(?:[A-Za-z(]|\\[A-Za-z])|(?<!\\)\b[A-Za-z]\s*(?:[A-Za-z(]|\\[A-Za-z])")
"""A product without a sign in an expected value, as in ``2x`` and ``5\\sqrt{3}``: then a sign is no new operation."""

_TOWER = re.compile(r"(\d+)\s*\^\s*[{(]*\s*(\d+)\s*\^\s*[{(]*\s*(\d+)")
_LARGE = re.compile(r"\^\s*[{(]*\s*-?\d{5,}|\d{5,}\s*[})]*\s*!|!\s*!\s*!|\)\s*!\s*\)\s*!")
_LARGEST_EXPONENT = 10_000


def open_operation(answer: str, expected: str) -> str:
    """The kind of operation that an answer has and the expected one does not; empty if none."""
    if same_text(answer, expected):
        return CORRECT
    if "=" in answer and "=" not in expected:
        answer = _NAMED.sub("", answer, count=1)  # x = 4 names the answer; 3 + 1 = 4 is a calculation
        if "=" in answer:
            return "it holds an equation where a value is expected"
    is_product = re.search(_OPERATIONS["a product"], expected) or _PRODUCT.search(_COMMAND.sub(" ", expected))
    for what, pattern in _OPERATIONS.items():
        if re.search(pattern, answer) and not (is_product if what == "a product" else re.search(pattern, expected)):
            return f"it holds {what}, which the expected value does not"
    if _JUXTAPOSED.search(answer) and not is_product and not _VARIABLE.search(expected):
        return "it holds a product, which the expected value does not"
    return CORRECT


def is_immense(text: str) -> bool:
    """Whether evaluating a text would never end: a tower of powers, or the factorial of a large number."""
    if _LARGE.search(text):
        return True
    return any(
        len(top) > 5 or int(middle) ** min(int(top), 100) > _LARGEST_EXPONENT for _, middle, top in _TOWER.findall(text)
    )


def same_text(answer: str, expected: str) -> bool:
    """Whether two texts are the same but for white space, which counts between digits alone."""
    return bool(answer.strip()) and _without_spaces(answer) == _without_spaces(expected)


def _without_spaces(text: str) -> str:
    return "".join(re.sub(r"(?<=\d)\s+(?=\d)", "\0", text).split())
