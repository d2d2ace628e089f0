"""Reads an expression and calculates as it reads (a Pratt parser: Pratt 1973), so that no tree and no code is made.

Written as people and models write: ``2^10`` and ``2**10``, ``3·4``, ``10!``, ``15% of 80``, ``7 mod 3``, ``sin(30°)``,
``2pi``. Powers bind from the right and before signs: ``-2^2`` is -4.
"""

from __future__ import annotations

import math
import re
from fractions import Fraction

from fathom.server.tools.calculator.functions import CONSTANTS, FUNCTIONS
from fathom.server.tools.calculator.numbers import CalculationError, Number, combine, power, render, to_float

LONGEST = 2000
_DEEPEST = 60

_TOKEN = re.compile(
    r"\s*(?:(?P<thousands>\d{1,3}(?:,\d{3})+(?:\.\d+)?(?![\w,]))|(?P<number>\d[\d_]*(?:\.\d*)?(?:[eE][+-]?\d+)?(?![\w.])|\d[\d_]*(?:\.\d+)?|\.\d+(?:[eE][+-]?\d+)?)"
    r"|(?P<name>[^\W\d_]\w*|√)|(?P<sign>\*\*|//|==|!=|<=|>=|[-+*/^%!°(),<>=]))"
)
_ARGUMENT = re.compile(_TOKEN.pattern.replace("thousands>", "thousands>(?!)"))
_SIGNS = str.maketrans({"−": "-", "–": "-", "×": "*", "·": "*", "⋅": "*", "∙": "*", "÷": "/", "∶": "/", "：": "/",
                        "（": "(", "）": ")", "，": ",", "²": "^2", "³": "^3", "≤": "<=", "≥": ">=", "≠": "!=",
                        "[": "(", "]": ")", "{": "(", "}": ")"})  # fmt: skip
_BINARY = {"+": 10, "-": 10, "*": 20, "/": 20, "//": 20, "mod": 20, "of": 20}
_UNARY, _JUXTAPOSED, _POWER = 30, 25, 40
_COMPARISONS = ("==", "=", "!=", "<", "<=", ">", ">=")


def calculate(expression: str) -> str:
    """The value of ``expression``: ``1/3 ≈ 0.333333333333333``, or true or false of a comparison.

    Raises CalculationError, which says what is wrong and where.
    """
    if len(expression) > LONGEST:
        raise CalculationError(f"the expression has {len(expression)} characters", f"at most {LONGEST} are read")
    return _Reading(expression.translate(_SIGNS)).result()


class _Reading:
    """One expression while it is read. ``_at`` is the next token."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = list(self._split())
        self._at = 0
        self._depth = 0

    def result(self) -> str:
        if not self._tokens:
            raise CalculationError("there is no expression", "write one: 2 * (3 + 4)")
        left = self._expression(0)
        if self._next() in _COMPARISONS:
            sign = self._take()
            holds = _compare(sign, left, self._expression(0))
            self._end()
            return "true" if holds else "false"
        self._end()
        return render(left)

    def _split(self) -> list[tuple[str, str, int]]:
        """Kind, text and place of each token. A comma is one of thousands where it divides no arguments."""
        tokens: list[tuple[str, str, int]] = []
        calls: list[bool] = []
        place = 0
        text = self._text.rstrip()
        while place < len(text):
            match = (_ARGUMENT if calls and calls[-1] else _TOKEN).match(text, place)
            if match is None:
                shown = text[place:].lstrip()[:1]
                raise CalculationError(
                    f"{shown!r} is nothing that the calculator knows", "use numbers, + - * / ^ and functions"
                )
            kind = match.lastgroup or ""
            token = match.group(kind)
            if token == "(":
                calls.append(bool(tokens) and tokens[-1][0] == "name" and tokens[-1][1] not in CONSTANTS)
            elif token == ")" and calls:
                calls.pop()
            if kind == "thousands":
                kind, token = "number", token.replace(",", "")
            tokens.append((kind, token, match.start()))
            place = match.end()
        return tokens

    def _next(self, ahead: int = 0) -> str:
        place = self._at + ahead
        return self._tokens[place][1] if place < len(self._tokens) else ""

    def _kind(self, ahead: int = 0) -> str:
        place = self._at + ahead
        return self._tokens[place][0] if place < len(self._tokens) else ""

    def _take(self) -> str:
        self._at += 1
        return self._tokens[self._at - 1][1]

    def _expect(self, sign: str) -> None:
        if self._next() != sign:
            raise self._error_here(f"expected {sign!r}")
        self._at += 1

    def _end(self) -> None:
        if self._at < len(self._tokens):
            raise self._error_here("expected an operator")

    def _error_here(self, expected: str) -> CalculationError:
        if self._at >= len(self._tokens):
            return CalculationError(f"the expression ends too early: {expected}", "complete it")
        _, token, place = self._tokens[self._at]
        before = self._text[max(0, place - 20) : place]
        return CalculationError(f"{expected}, and there is {token[:40]!r} after {before!r}", "check the expression")

    def _expression(self, strength: int) -> Number:
        """The value of what binds stronger than ``strength``."""
        self._depth += 1
        if self._depth > _DEEPEST:
            raise CalculationError(f"the expression is nested more than {_DEEPEST} deep", "divide it")
        left = self._postfix(self._operand())
        while True:
            sign = self._operator()
            if sign in ("^", "**"):
                if strength > _POWER:
                    break
                self._at += 1
                left = power(left, self._expression(_POWER))
            elif sign in _BINARY:
                if strength >= _BINARY[sign]:
                    break
                self._at += 1
                left = combine("*" if sign == "of" else sign, left, self._expression(_BINARY[sign]))
            elif self._kind() == "name" or sign == "(":
                if strength >= _JUXTAPOSED:
                    break
                left = combine("*", left, self._expression(_JUXTAPOSED))
            else:
                break
        self._depth -= 1
        return left

    def _operator(self) -> str:
        """The next sign, with ``%`` as ``mod`` where an operand follows it."""
        sign = self._next()
        return "mod" if sign == "%" else sign

    def _operand(self) -> Number:
        kind, token = self._kind(), self._next()
        if kind == "number":
            self._at += 1
            return _number(token)
        if token in ("-", "+"):
            self._at += 1
            value = self._expression(_UNARY)
            return -value if token == "-" else value
        if token == "(":
            self._at += 1
            value = self._expression(0)
            self._expect(")")
            return value
        if kind == "name":
            return self._name()
        raise self._error_here("expected a number")

    def _name(self) -> Number:
        name = self._next()
        if name in CONSTANTS:
            self._at += 1
            return CONSTANTS[name]
        function = FUNCTIONS.get(name) or FUNCTIONS.get(name.lower())
        if function is None:
            known = ", ".join(sorted(FUNCTIONS.keys() - {"√"}))
            raise CalculationError(
                f"there is no function or constant {name[:40]!r}", f"there are pi, e, tau, phi, {known}"
            )
        self._at += 1
        if name == "√" and self._next() != "(":
            return function.call(self._expression(_POWER))
        self._expect("(")
        values = [self._expression(0)]
        while self._next() == ",":
            self._at += 1
            values.append(self._expression(0))
        self._expect(")")
        if not function.least <= len(values) <= function.most:
            counts = f"{function.least}" if function.least == function.most else f"{function.least} to {function.most}"
            raise CalculationError(f"{name} takes {counts} numbers, and got {len(values)}", "check its arguments")
        return function.call(*values)

    def _postfix(self, value: Number) -> Number:
        while True:
            sign = self._next()
            if sign == "!" and self._next(1) == "!":
                raise CalculationError("two ! in a row have two meanings", "write factorial(…) or the product")
            if sign == "!":
                value = FUNCTIONS["factorial"].call(value)
            elif sign == "°":
                value = FUNCTIONS["radians"].call(value)
            elif sign == "%" and not self._operand_follows():
                value = combine("/", value, Fraction(100))
            else:
                return value
            self._at += 1

    def _operand_follows(self) -> bool:
        return (
            self._kind(1) == "number"
            or self._next(1) == "("
            or (self._kind(1) == "name" and self._next(1) not in _BINARY)
        )


def _number(text: str) -> Number:
    mantissa, _, exponent = text.lower().replace("_", "").partition("e")
    value = Fraction(mantissa)
    return combine("*", value, power(Fraction(10), Fraction(int(exponent)))) if exponent else value


def _compare(sign: str, left: Number, right: Number) -> bool:
    """Floats are equal where they agree to twelve digits."""
    same = left == right
    if isinstance(left, float) or isinstance(right, float):
        same = math.isclose(to_float(left), to_float(right), rel_tol=1e-12)
    if sign in ("==", "="):
        return same
    if sign == "!=":
        return not same
    if sign in ("<", "<="):
        return (left < right and not same) or (same and sign == "<=")
    return (left > right and not same) or (same and sign == ">=")
