r"""Verifier of mathematical answers, in LaTeX or plain text.

Numbers and identical texts are compared here, exactly. The rest goes to math-verify, the best of the extractors, in a
confined process: it builds sympy objects, which for some texts never terminate.

math-verify tests whether two values are equal, which an expression can be without being an answer: ``2 + 2`` for 4,
``5!`` for 120, the integral of the question itself. So the strict check also requires that an answer has no operation
that the expected one does not have. It thereby refuses some valid forms (``2^{-1/2}`` for ``\frac{\sqrt{2}}{2}``); the
lenient check accepts all that is equal.
"""

from __future__ import annotations

import re
import unicodedata

from fathom.tasks.sandbox.worker.worker import Worker
from fathom.tasks.task import CORRECT
from fathom.tasks.verifiers.number import parse_number

MAX_LENGTH = 500
MAX_DEPTH = 20

_OPERATIONS = {
    "a sum": r"\+|(?<=[\w)}\]])\s*[-−]",
    "a product": r"\*|×|·|\\times|\\cdot|\\ast",
    "a power": r"\^|\*\*",
    "a factorial": r"!|\\binom|\\choose|\\Gamma",
    "an integral, sum or limit": r"\\(?:i*nt|oint|sum|prod|lim|frac\{d|partial|det|max|min|gcd|bmod|pmod|mod)",
    "a function": r"\\(?:log|ln|exp|arc|sin|cos|tan|cot|sec|csc|lfloor|lceil|operatorname)|\||\\[lr]vert",
    "a division sign": r"÷|\\div",
    "alternatives": r"\bor\b|\band\b|\\vee|\\lor|;|\\\\|\\quad|\\pm",
    "a comparison": r"[<>≤≥≠≈]|\\(?:ne|le|ge|lt|gt|approx|equiv|in)\b",
}
_NAMED = re.compile(r"\s*\\?[A-Za-z]\w?\s*=(?!=)")


class MathVerifier:
    """Compares answers. Raises MissingPackageError if math-verify is not installed."""

    def __init__(self, *, seconds: float = 10.0) -> None:
        self._worker = Worker("fathom.tasks.sandbox.worker.math_verify", "math_verify", seconds=seconds)

    def check_strict(self, answer: str, expected: str) -> str:
        """What is wrong with an answer; empty if it is correct, fully computed, and the only one."""
        return form_problem(answer, expected, strict=True) or self._compare(answer, expected)

    def check_lenient(self, answer: str, expected: str) -> str:
        """What is wrong with an answer; empty if it equals the expected one in any form."""
        return form_problem(answer, expected, strict=False) or self._compare(answer, expected)

    def close(self) -> None:
        self._worker.close()

    def _compare(self, answer: str, expected: str) -> str:
        if _same(answer, expected):
            return CORRECT
        given, wanted = parse_number(answer), parse_number(expected)
        if given is not None and wanted is not None:
            return CORRECT if given == wanted else f"it is {given}, not {wanted}"
        reply = self._worker.ask({"gold": expected, "answer": answer})
        if "error" in reply:
            return f"it cannot be compared: {reply['error']}"
        return CORRECT if reply["value"] is True else f"it is not {expected[:60]}"


def form_problem(answer: str, expected: str, *, strict: bool) -> str:
    """What is wrong with the form of an answer, whatever its value; empty if nothing is."""
    if len(answer) > MAX_LENGTH:
        return f"more than {MAX_LENGTH} characters"
    odd = next((c for c in answer if unicodedata.category(c)[0] == "C" and c not in "\n\t"), None)
    if odd:
        return f"it holds the character U+{ord(odd):04X}"
    if any(unicodedata.category(c) in ("Nd", "No", "Nl") and not c.isascii() for c in answer):
        return "its digits are not ASCII"
    if not _has_balanced_braces(answer):
        return f"its brackets do not match, or nest deeper than {MAX_DEPTH}"
    return _open_operation(answer, expected) if strict else CORRECT


def _open_operation(answer: str, expected: str) -> str:
    """The kind of operation that an answer has and the expected one does not; empty if none."""
    if _same(answer, expected):
        return CORRECT
    if "=" in answer and "=" not in expected:
        answer = _NAMED.sub("", answer, count=1)  # x = 4 names the answer; 3 + 1 = 4 is a calculation
        if "=" in answer:
            return "it holds an equation where a value is expected"
    for what, pattern in _OPERATIONS.items():
        if re.search(pattern, answer) and not re.search(pattern, expected):
            return f"it holds {what}, which the expected value does not"
    return CORRECT


def _same(answer: str, expected: str) -> bool:
    return bool(answer.strip()) and "".join(answer.split()) == "".join(expected.split())


def _has_balanced_braces(text: str) -> bool:
    """Whether braces are paired and nesting is limited. Other brackets may differ, as in ``[0, 1)``."""
    braces = depth = 0
    for mark in re.findall(r"\\[{}]|[{}()\[\]]", text):
        if mark in "{}":
            braces += 1 if mark == "{" else -1
        depth += 1 if mark[-1] in "{([" else -1
        if braces < 0 or depth > MAX_DEPTH:
            return False
    return braces == 0 and depth == 0
