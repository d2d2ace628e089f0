"""The numbers of the calculator: exact rationals, and floats where a function has no rational value.

Every operation that could make a number large checks its size first, so that none takes noticeable time or memory.
"""

from __future__ import annotations

import math
from fractions import Fraction

from fathom.base.errors import RequestError

Number = Fraction | float

MOST_DIGITS = 4000
"""Decimal digits of a numerator or denominator. Python itself prints integers up to 4300."""
_MOST_BITS = int(MOST_DIGITS * math.log2(10))
_SHOWN_DIGITS = 15


class CalculationError(RequestError):
    """An expression without a value: not readable, not defined, or too large."""


def too_large() -> CalculationError:
    return CalculationError(f"the result has more than {MOST_DIGITS} digits", "calculate with logarithms instead")


def check(value: Number) -> Number:
    """The value itself. Raises CalculationError where it is too large or no number."""
    if isinstance(value, float):
        if not math.isfinite(value):
            raise CalculationError("the result is too large, or no number", "check the expression")
        return value
    if max(value.numerator.bit_length(), value.denominator.bit_length()) > _MOST_BITS:
        raise too_large()
    return value


def to_float(value: Number) -> float:
    try:
        return float(value)
    except OverflowError:
        raise CalculationError("the number is too large for this function", "calculate with logarithms") from None


def to_integer(value: Number, name: str) -> int:
    """The integer that a function needs. Raises CalculationError for any other number."""
    if value != math.floor(value):
        raise CalculationError(f"{name} takes whole numbers, and {render(value)} is none", "round it first")
    return int(value)


def combine(operator: str, left: Number, right: Number) -> Number:
    """``left + right`` and so on; exact where both are rational."""
    if isinstance(left, float) or isinstance(right, float):
        return check(_combine_floats(operator, to_float(left), to_float(right)))
    if operator in ("/", "//", "mod") and right == 0:
        raise CalculationError("division by zero", "check the divisor")
    if operator == "+":
        return check(left + right)
    if operator == "-":
        return check(left - right)
    if operator == "*":
        return check(left * right)
    if operator == "/":
        return check(left / right)
    if operator == "//":
        return check(Fraction(left // right))
    return check(left % right)


def _combine_floats(operator: str, left: float, right: float) -> float:
    if operator in ("/", "//", "mod") and right == 0:
        raise CalculationError("division by zero", "check the divisor")
    values = {"+": left + right, "-": left - right, "*": left * right}
    if operator in values:
        return values[operator]
    if operator == "/":
        return left / right
    return float(left // right) if operator == "//" else left % right


def power(base: Number, exponent: Number) -> Number:
    """``base`` to the power of ``exponent``: exact for whole exponents of rationals, and for exact roots."""
    if base == 0 and exponent < 0:
        raise CalculationError("division by zero", "zero has no negative power")
    if isinstance(base, Fraction) and isinstance(exponent, Fraction):
        if exponent.denominator == 1:
            return _whole_power(base, exponent.numerator)
        if base < 0:
            raise CalculationError("a negative number has no real power of that kind", "calculate with real numbers")
        root = exact_root(base, exponent.denominator)
        if root is not None:
            return _whole_power(root, exponent.numerator)
    if base < 0 and exponent != math.floor(exponent):
        raise CalculationError("a negative number has no real power of that kind", "calculate with real numbers")
    try:
        return check(math.pow(to_float(base), to_float(exponent)))
    except (OverflowError, ValueError):
        raise too_large() from None


def _whole_power(base: Fraction, exponent: int) -> Fraction:
    if base in (0, 1):
        return base if exponent else Fraction(1)
    if base == -1:
        return Fraction(-1 if exponent % 2 else 1)
    bits = max(base.numerator.bit_length(), base.denominator.bit_length()) - 1
    if max(bits, 1) * abs(exponent) > _MOST_BITS:
        raise too_large()
    value = base**exponent
    check(value)
    return value


def exact_root(value: Fraction, degree: int) -> Fraction | None:
    """The root of a rational of 0 or more where it is rational, else None."""
    if degree > _MOST_BITS:
        return None
    parts = [_integer_root(part, degree) for part in (value.numerator, value.denominator)]
    return None if parts[0] is None or parts[1] is None else Fraction(parts[0], parts[1])


def _integer_root(value: int, degree: int) -> int | None:
    """The root of an integer where it is whole, by bisection."""
    if degree == 2:
        root = math.isqrt(value)
        return root if root * root == value else None
    low, high = 0, 1 << (value.bit_length() // degree + 1)
    while low < high:
        middle = (low + high) // 2
        if middle**degree < value:
            low = middle + 1
        else:
            high = middle
    return low if low**degree == value else None


def render(value: Number) -> str:
    """A number as people read it: whole, as a fraction with its decimals, or to 15 significant digits."""
    if isinstance(value, float):
        return f"{value:.{_SHOWN_DIGITS}g}"
    if value.denominator == 1:
        return str(value.numerator)
    twos_and_fives = value.denominator
    for prime in (2, 5):
        while twos_and_fives % prime == 0:
            twos_and_fives //= prime
    decimals = _decimals(value) if twos_and_fives == 1 else None
    if decimals is not None:
        return decimals
    return f"{value.numerator}/{value.denominator} ≈ {to_float(value):.{_SHOWN_DIGITS}g}"


def _decimals(value: Fraction) -> str | None:
    """The decimals of a fraction whose decimals end, where they are few."""
    for places in range(1, 31):
        scaled = value * 10**places
        if scaled.denominator == 1:
            digits = f"{abs(scaled.numerator):0{places + 1}d}"
            return f"{'-' if value < 0 else ''}{digits[:-places]}.{digits[-places:]}"
    return None
