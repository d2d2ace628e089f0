"""The functions and constants of the calculator."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

from fathom.server.tools.calculator.numbers import (
    MOST_DIGITS,
    CalculationError,
    Number,
    check,
    combine,
    exact_root,
    power,
    render,
    to_float,
    to_integer,
    too_large,
)

CONSTANTS: dict[str, Number] = {
    "pi": math.pi,
    "π": math.pi,
    "tau": math.tau,
    "e": math.e,
    "phi": (1 + math.sqrt(5)) / 2,
}
_LARGEST_FACTORIAL = 1450  # the largest of fewer than 4000 digits
_MOST_PLACES = 1000
_MOST_BITS = int(MOST_DIGITS * math.log2(10))


@dataclass(frozen=True, slots=True)
class CalculatorFunction:
    """``call`` takes between ``least`` and ``most`` numbers."""

    call: Callable[..., Number]
    least: int = 1
    most: int = 1


def _float(name: str, function: Callable[[float], float]) -> CalculatorFunction:
    def call(value: Number) -> Number:
        try:
            return check(function(to_float(value)))
        except (ValueError, OverflowError):
            raise CalculationError(f"{name}({render(value)}) is no real number", "check its argument") from None

    return CalculatorFunction(call)


def _root(value: Number, degree: Number = Fraction(2)) -> Number:
    whole = to_integer(degree, "root")
    if whole < 1:
        raise CalculationError("a root needs a degree of at least 1", "check its second argument")
    if value < 0:
        if whole % 2 == 0:
            raise CalculationError(f"the root of {render(value)} is no real number", "check its argument")
        return -_root(-value, degree)
    exact = exact_root(value, whole) if isinstance(value, Fraction) else None
    return exact if exact is not None else power(to_float(value), Fraction(1, whole))


def _log(value: Number, base: Number | None = None) -> Number:
    if value <= 0 or (base is not None and (base <= 0 or base == 1)):
        raise CalculationError(f"the logarithm of {render(value)} to that base is no real number", "check it")
    if base is None:
        return _natural(value)
    quotient = _natural(value) / _natural(base)
    exact = Fraction(round(quotient))
    if abs(exact) < _MOST_BITS and isinstance(base, Fraction) and power(base, exact) == value:
        return exact
    return quotient


def _natural(value: Number) -> float:
    """The natural logarithm, also of numbers that no float holds."""
    if isinstance(value, Fraction):
        return math.log(value.numerator) - math.log(value.denominator)
    return math.log(value)


def _factorial(value: Number) -> Number:
    whole = to_integer(value, "factorial")
    if whole < 0:
        raise CalculationError("a negative number has no factorial", "check its argument")
    if whole > _LARGEST_FACTORIAL:
        raise too_large()
    return Fraction(math.factorial(whole))


def _choose(total: Number, chosen: Number) -> Number:
    n, k = to_integer(total, "binomial"), to_integer(chosen, "binomial")
    if n < 0 or k < 0:
        raise CalculationError("binomial takes no negative numbers", "check its arguments")
    k = min(k, n - k) if k <= n else k
    if k > n:
        return Fraction(0)
    if k * max(1, n.bit_length() - max(0, k.bit_length() - 2)) > 2 * _MOST_BITS:
        raise too_large()
    return check(Fraction(math.comb(n, k)))


def _permute(total: Number, chosen: Number) -> Number:
    n, k = to_integer(total, "permutations"), to_integer(chosen, "permutations")
    if n < 0 or k < 0:
        raise CalculationError("permutations takes no negative numbers", "check its arguments")
    if k > n:
        return Fraction(0)
    if k * n.bit_length() > 2 * _MOST_BITS:
        raise too_large()
    return check(Fraction(math.perm(n, k)))


def _integers(name: str, function: Callable[..., int]) -> Callable[..., Number]:
    return lambda *values: check(Fraction(function(*(to_integer(value, name) for value in values))))


def _power_modulo(base: Number, exponent: Number, modulus: Number) -> Number:
    numbers = [to_integer(value, "powmod") for value in (base, exponent, modulus)]
    if max(number.bit_length() for number in numbers) > 2048:
        raise CalculationError("powmod takes numbers of at most 600 digits", "use Python for larger ones")
    try:
        return Fraction(pow(*numbers))
    except ValueError:
        raise CalculationError("there is no such power for this modulus", "check its arguments") from None


def _round(value: Number, places: Number = Fraction(0)) -> Number:
    """Half away from zero, as people round (Python rounds half to even)."""
    whole = to_integer(places, "round")
    if abs(whole) > _MOST_PLACES:
        raise CalculationError(f"numbers are rounded to {_MOST_PLACES} places at most", "name fewer places")
    scale = power(Fraction(10), Fraction(whole))
    exact = Fraction(check(Fraction(value) * Fraction(scale)))
    rounded = math.floor(abs(exact) + Fraction(1, 2))
    return check(Fraction(rounded if exact >= 0 else -rounded) / Fraction(scale))


def _sum(*values: Number) -> Number:
    total: Number = Fraction(0)
    for value in values:
        total = combine("+", total, value)
    return total


def _mean(*values: Number) -> Number:
    return combine("/", _sum(*values), Fraction(len(values)))


def _median(*values: Number) -> Number:
    ordered = sorted(Fraction(value) for value in values)
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else _mean(ordered[middle - 1], ordered[middle])


_MANY = 200

FUNCTIONS: dict[str, CalculatorFunction] = {
    **{
        name: _float(name, getattr(math, name))
        for name in (
            *("exp", "sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "tanh"),
            *("asinh", "acosh", "atanh", "degrees", "radians", "gamma", "erf"),
        )
    },
    "atan2": CalculatorFunction(lambda y, x: math.atan2(to_float(y), to_float(x)), 2, 2),
    "hypot": CalculatorFunction(lambda *values: check(math.hypot(*map(to_float, values))), 1, _MANY),
    "sqrt": CalculatorFunction(_root),
    "√": CalculatorFunction(_root),
    "cbrt": CalculatorFunction(lambda value: _root(value, Fraction(3))),
    "root": CalculatorFunction(_root, 2, 2),
    "pow": CalculatorFunction(power, 2, 2),
    "powmod": CalculatorFunction(_power_modulo, 3, 3),
    "ln": CalculatorFunction(_log),
    "log": CalculatorFunction(_log, 1, 2),
    "log2": CalculatorFunction(lambda value: _log(value, Fraction(2))),
    "log10": CalculatorFunction(lambda value: _log(value, Fraction(10))),
    "lg": CalculatorFunction(lambda value: _log(value, Fraction(10))),
    "abs": CalculatorFunction(abs),
    "sign": CalculatorFunction(lambda value: Fraction((value > 0) - (value < 0))),
    "floor": CalculatorFunction(lambda value: Fraction(math.floor(value))),
    "ceil": CalculatorFunction(lambda value: Fraction(math.ceil(value))),
    "trunc": CalculatorFunction(lambda value: Fraction(math.trunc(value))),
    "round": CalculatorFunction(_round, 1, 2),
    "mod": CalculatorFunction(lambda left, right: combine("mod", left, right), 2, 2),
    "gcd": CalculatorFunction(_integers("gcd", math.gcd), 1, _MANY),
    "lcm": CalculatorFunction(_integers("lcm", math.lcm), 1, 20),
    "factorial": CalculatorFunction(_factorial),
    "binomial": CalculatorFunction(_choose, 2, 2),
    "comb": CalculatorFunction(_choose, 2, 2),
    "permutations": CalculatorFunction(_permute, 2, 2),
    "perm": CalculatorFunction(_permute, 2, 2),
    "min": CalculatorFunction(min, 1, _MANY),
    "max": CalculatorFunction(max, 1, _MANY),
    "sum": CalculatorFunction(_sum, 1, _MANY),
    "mean": CalculatorFunction(_mean, 1, _MANY),
    "median": CalculatorFunction(_median, 1, _MANY),
}
