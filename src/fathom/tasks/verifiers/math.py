r"""Verifier of mathematical answers, in LaTeX or plain text.

An answer is read as what it is (`fathom.tasks.verifiers.answer_parser`): a number with its unit, words, a list, an
interval … Structures are compared item by item, numbers exactly, words as text. Expressions and equations go to
math-verify's parser, in a confined process: it builds sympy objects, which for some texts never terminate.

Two values can be equal where one is no answer: ``2 + 2`` for 4, ``5!`` for 120, the integral of the question itself. So
the strict check also requires that an expression has no operation that the expected one does not have. It thereby
refuses some valid forms (``2^{-1/2}`` for ``\frac{\sqrt{2}}{2}``), which the lenient check accepts. The page
docs/reference/verifiers.md has the rules by kind.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from fathom.tasks.sandbox.worker.worker import Worker
from fathom.tasks.task import CORRECT
from fathom.tasks.verifiers.answer_parser import parse_answer
from fathom.tasks.verifiers.comparison import DIFFERENT, AnswerComparison
from fathom.tasks.verifiers.notation import read_notation
from fathom.tasks.verifiers.operations import open_operation, same_text

MAX_LENGTH = 500
"""Longest answer in characters, unless the expected one is longer."""

MAX_DEPTH = 20

_CHOICE = re.compile(r"(?:^|(?<=\{))\s*[A-Z]\)")
"""The letter of a choice, whose bracket closes none: ``B) 12``."""

_LEAD = re.compile(r".*(?:\b(?:is|are|equals?|be)\b|[:：]|为|是|等于)\s*(?P<rest>\S.*)", re.DOTALL)
_INLINE = re.compile(r"\$([^$]+)\$|\\\((.+?)\\\)")


class MathVerifier:
    """Compares answers. Raises MissingPackageError if math-verify is not installed."""

    def __init__(self, *, seconds: float = 10.0) -> None:
        self._worker = Worker("fathom.tasks.sandbox.worker.math_verify", "math_verify", seconds=seconds)
        self._seconds = seconds

    def check_strict(self, answer: str, expected: str) -> str:
        """What is wrong with an answer; empty if it is correct, fully computed, and the only one."""
        return self._check(answer, expected, strict=True)

    def check_lenient(self, answer: str, expected: str) -> str:
        """What is wrong with an answer; empty if it, or what a sentence says that it is, equals the expected one."""
        problem = self._check(answer, expected, strict=False)
        if not problem or len(answer) > MAX_LENGTH:
            return problem
        return (
            CORRECT
            if any(not self._check(part, expected, strict=False) for part in _stated_answers(answer))
            else problem
        )

    def close(self) -> None:
        self._worker.close()

    def _check(self, answer: str, expected: str, *, strict: bool) -> str:
        if same_text(answer, expected):
            return CORRECT
        problem = form_problem(answer, expected)
        if problem:
            return problem
        given, wanted = read_notation(answer), read_notation(expected)
        if same_text(given, wanted):
            return CORRECT
        comparison = AnswerComparison(self._worker.ask, strict=strict, seconds=self._seconds)
        problem = comparison.check(parse_answer(given), parse_answer(wanted))
        if problem and strict:
            problem = open_operation(given, wanted) or problem
        problem = problem and (comparison.error or problem)
        return f"it is not {expected[:60]}" if problem == DIFFERENT else problem


def form_problem(answer: str, expected: str) -> str:
    """What is wrong with the form of an answer, whatever its value; empty if nothing is."""
    most = max(MAX_LENGTH, 2 * len(expected))
    if len(answer) > most:
        return f"more than {most} characters"
    odd = next((c for c in answer if unicodedata.category(c)[0] == "C" and c not in "\r\n\t"), None)
    if odd:
        return f"it holds the character U+{ord(odd):04X}"
    if any(unicodedata.category(c) in ("Nd", "No", "Nl") and not c.isascii() for c in read_notation(answer)):
        return "its digits are not ASCII"
    if not _has_balanced_braces(_CHOICE.sub("", answer)):
        return f"its brackets do not match, or nest deeper than {MAX_DEPTH}"
    return CORRECT


def _stated_answers(answer: str) -> Iterator[str]:
    """What a sentence says that the answer is: what follows its last verb, and its last formula."""
    match = _LEAD.fullmatch(answer.strip())
    if match:
        yield match["rest"]
    formulas = _INLINE.findall(answer)
    if formulas:
        yield formulas[-1][0] or formulas[-1][1]


def _has_balanced_braces(text: str) -> bool:
    """Whether braces are paired and nesting is limited. Other brackets may differ, as in ``[0, 1)`` and ``]0, 1[``."""
    braces = depth = others = 0
    for mark in re.findall(r"\\[{}]|[{}()\[\]]", text):
        if mark in "{}":
            braces += 1 if mark == "{" else -1
        others += mark in "()[]"
        depth = max(0, depth + (1 if mark[-1] in "{([" else -1))
        if braces < 0 or depth > MAX_DEPTH:
            return False
    return braces == 0 and others % 2 == 0
