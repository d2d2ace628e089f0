"""Countdown's rules, and the verifier of its answers: reach the target from these numbers by these operations.

An answer is an expression, ``(3 + 5) * 7``, or steps, which are easier for small models: ``3 + 5 = 8, 8 * 7 = 56``.
Every given number is used once: all of them, or some of them if the rules allow it. Arithmetic is exact: 7 / 3 * 3 is
7.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from fathom.base.errors import ConfigError
from fathom.tasks.expression import MAX_LENGTH, ExpressionError, apply, evaluate, tokens
from fathom.tasks.task import CORRECT

Notation = Literal["expression", "steps"]

_BETWEEN_STEPS = re.compile(r"[,;\n]")


@dataclass(frozen=True, slots=True)
class Rules:
    """``operators``: those allowed, of ``+-*/``. ``absolute``: a minus means the absolute difference, so that order
    never matters and no number is negative. ``use_all``: every number must be used; otherwise each at most once.
    """

    operators: str = "+-*/"
    absolute: bool = False
    use_all: bool = True

    def __post_init__(self) -> None:
        if not self.operators or set(self.operators) - set("+-*/"):
            raise ConfigError(f"operators {self.operators!r} are not arithmetic", "choose some of '+-*/'")


def check_expression(answer: str, numbers: Sequence[int], target: int, rules: Rules) -> str:
    """What is wrong with an expression; empty if it is correct."""
    try:
        result = evaluate(answer, absolute=rules.absolute)
    except ExpressionError as error:
        return error.message
    misused = _number_misuse(Counter(result.numbers), Counter(numbers), rules)
    if misused:
        return misused
    forbidden = sorted(set(result.operators) - set(rules.operators))
    if forbidden:
        return f"{forbidden[0]!r} is not allowed"
    return CORRECT if result.value == target else f"it makes {_short_number(result.value)}, not {target}"


def check_steps(answer: str, numbers: Sequence[int], target: int, rules: Rules) -> str:
    """What is wrong with steps ``a op b = c``, separated by commas, semicolons or newlines; empty if they are correct.

    A step replaces two available numbers by their result, whole and not negative; the last result is the answer.
    """
    if len(answer) > MAX_LENGTH:
        return f"more than {MAX_LENGTH:,} characters"
    pool = Counter(map(Fraction, numbers))
    result = None
    for step in _BETWEEN_STEPS.split(answer.strip(" \t\r\n").rstrip(";,")):
        try:
            result = _take_step(step, pool, rules)
        except ExpressionError as error:
            return f"in {step.strip()[:40]!r}: {error.message}"
        pool[result] += 1
    if result != target:
        return f"it ends at {_short_number(result)}, not {target}"
    if rules.use_all and pool.total() > 1:
        return "a number is left over"
    return CORRECT


def _take_step(step: str, pool: Counter[Fraction], rules: Rules) -> Fraction:
    """The result of a step, whose numbers leave the pool; raises ExpressionError for an invalid step."""
    calculation, _, claimed = step.partition("=")
    parts, written = tokens(calculation), tokens(claimed)
    if len(parts) != 3 or parts[1] not in "+-*/" or not (parts[0].isdigit() and parts[2].isdigit()):
        raise ExpressionError("it is not of the form a + b = c")
    if parts[1] not in rules.operators:
        raise ExpressionError(f"{parts[1]!r} is not allowed")
    for number in (Fraction(int(parts[0])), Fraction(int(parts[2]))):
        if not pool[number]:
            raise ExpressionError(f"{number} is not available")
        pool[number] -= 1
    result = apply(parts[1], Fraction(int(parts[0])), Fraction(int(parts[2])), absolute=rules.absolute)
    if [str(result)] != written:
        raise ExpressionError(f"the result is {_short_number(result)}")
    return result


def _number_misuse(used: Counter[int], given: Counter[int], rules: Rules) -> str:
    """Which number is not given, used too often, or left over; empty if none is."""
    for number, count in used.items():
        if not given[number]:
            return f"{_short_number(number)} is not one of the numbers"
        if count > given[number]:
            return f"{_short_number(number)} is used too often"
    left = given - used
    return f"{min(left)} is not used" if rules.use_all and left else ""


def _short_number(value: Fraction | int | None) -> str:
    """A number as text, if it is short: Python refuses to print thousands of digits."""
    return (
        "a huge number" if value is not None and max(abs(value.numerator), value.denominator) > 10**12 else str(value)
    )
