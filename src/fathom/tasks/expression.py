"""Arithmetic expressions from untrusted text, evaluated exactly, in rationals, with bounded cost.

Most Countdown graders call ``eval`` with a blacklist, by which a model, or a user, can run code. Here a text is whole
numbers, four operators and parentheses, or it is refused. There is no power, so no `9**9**9`; the parser has two stacks
instead of recursion, so nesting has no limit; a text longer than `MAX_LENGTH` is refused. Digits are ASCII only.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

from fathom.base.errors import FathomError

MAX_LENGTH = 1000
"""Longest expression in characters; an answer to Countdown has some twenty."""

MAX_DIGITS = 12
"""Most digits of one number."""

_TOKEN = re.compile(r"[ \t]*(?:(?P<number>[0-9]+)|(?P<symbol>[-+*/()×÷−·]))")
_SYMBOLS = {"×": "*", "·": "*", "÷": "/", "−": "-"}
_RANK = {"+": 1, "-": 1, "*": 2, "/": 2}


class ExpressionError(FathomError):
    """A text that is not an expression, or that divides by zero."""


@dataclass(frozen=True, slots=True)
class ExpressionValue:
    """The value of an expression, and its numbers and operators from left to right."""

    value: Fraction
    numbers: tuple[int, ...]
    operators: tuple[str, ...]


def evaluate(text: str, *, absolute: bool = False) -> ExpressionValue:
    """The value of an expression such as ``(3 + 5) * 7``.

    Times and division signs (× · ÷) and the typographic minus count as their ASCII forms. A minus is a binary
    operator only. With ``absolute`` it means the absolute difference. Raises ExpressionError.
    """
    return _Evaluator(absolute).evaluate(text)


def apply(operator: str, left: Fraction, right: Fraction, *, absolute: bool = False) -> Fraction:
    """One operation; raises ExpressionError on a division by zero."""
    if operator == "+":
        return left + right
    if operator == "*":
        return left * right
    if operator == "-":
        return abs(left - right) if absolute else left - right
    if right == 0:
        raise ExpressionError("it divides by zero")
    return left / right


def tokens(text: str) -> list[str]:
    """Numbers, operators and parentheses in ASCII; raises ExpressionError for anything else."""
    if len(text) > MAX_LENGTH:
        raise ExpressionError(f"it has {len(text):,} characters, more than {MAX_LENGTH:,}")
    text = text.strip(" \t\r\n")
    parsed, at = [], 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise ExpressionError(f"{text[at : at + 12]!r} is not arithmetic")
        token = match["number"] or match["symbol"]
        if len(token) > MAX_DIGITS:
            raise ExpressionError(f"a number has more than {MAX_DIGITS} digits")
        parsed.append(_SYMBOLS.get(token, token))
        at = match.end()
    return parsed


class _Evaluator:
    """Dijkstra's shunting-yard: values and operators on two stacks."""

    def __init__(self, absolute: bool) -> None:
        self._absolute = absolute
        self._values: list[Fraction] = []
        self._pending: list[str] = []
        self._numbers: list[int] = []
        self._operators: list[str] = []

    def evaluate(self, text: str) -> ExpressionValue:
        after_operand = False
        for token in tokens(text):
            after_operand = self._operator(token) if after_operand else self._operand(token)
        if not after_operand:
            raise ExpressionError("it ends where a number is expected" if self._numbers else "it is empty")
        while self._pending:
            if self._pending[-1] == "(":
                raise ExpressionError("a parenthesis is never closed")
            self._compute()
        return ExpressionValue(self._values.pop(), tuple(self._numbers), tuple(self._operators))

    def _operand(self, token: str) -> bool:
        """Read a number or an opening parenthesis; True if an operator must follow."""
        if token == "(":
            self._pending.append(token)
            return False
        if not token.isdigit():
            raise ExpressionError(f"{token!r} instead of a number")
        self._numbers.append(int(token))
        self._values.append(Fraction(self._numbers[-1]))
        return True

    def _operator(self, token: str) -> bool:
        if token == ")":
            while self._pending and self._pending[-1] != "(":
                self._compute()
            if not self._pending:
                raise ExpressionError("a parenthesis is closed that was never opened")
            self._pending.pop()
            return True
        if token not in _RANK:
            raise ExpressionError(f"{token!r} instead of an operator")
        while self._pending and _RANK.get(self._pending[-1], 0) >= _RANK[token]:
            self._compute()
        self._pending.append(token)
        self._operators.append(token)
        return False

    def _compute(self) -> None:
        right, left = self._values.pop(), self._values.pop()
        self._values.append(apply(self._pending.pop(), left, right, absolute=self._absolute))
