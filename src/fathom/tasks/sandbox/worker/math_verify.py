"""Equality of two mathematical expressions or relations. Runs in the helper process (`serve`).

math-verify's parser makes sympy objects of LaTeX. Its comparison is replaced where it is too generous: it rounds
decimals to six places, takes what is below 1e-15 for zero, lets ``A`` be ``a``, and drops letters that could be units.
Here two expressions are equal if exact arithmetic says so, or if they agree to 30 digits wherever they are evaluated.
What is neither an expression nor a relation (sets, functions without a value) is compared by math-verify.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any

import sympy
from latex2sympy2_extended import NormalizationConfig, latex2sympy
from latex2sympy2_extended.latex2sympy2 import ConversionConfig
from math_verify import verify
from math_verify.errors import TimeoutException
from math_verify.utils import timeout
from sympy.core.function import AppliedUndef
from sympy.core.relational import Relational

SECONDS = 2
"""Time limit of each parse and of the comparison: an alarm, which long arithmetic does not notice. The worker's time
limit also stops that."""

_DIGITS = 50
_AGREEMENT = 30
_NORMALIZATION = NormalizationConfig(units=False, malformed_operators=True, nits=True, boxed="none")
_CONVERSION = ConversionConfig(lowercase_symbols=False)
_POINTS = tuple(sympy.Rational(top, 97) for top in (41, 173, 331, 59, 211, 127, 89, 263))
"""Where variables are evaluated: near 1, and no root of what people write."""

_PRIME = re.compile(r"(?<![\\A-Za-z])([A-Za-z])('+)")
_TRANSPOSE = re.compile(r"\^\s*(?:T|\{\s*T\s*\})")
_ANGLE = re.compile(r"\\angle\s*\{?\s*([A-Z])\s*([A-Z])\s*([A-Z])(?![A-Za-z])\s*\}?")
_DEGREES = re.compile(r"(\d+(?:\.\d+)?|(?<![\\A-Za-z])[A-Za-z]|\\[A-Za-z]+)\s*°")


def answer(request: Mapping[str, Any]) -> bool:
    """Whether ``answer`` equals ``gold``, both as LaTeX or plain text. ``tolerance``, a fraction, is the largest
    difference of two numbers; None where they must be the same.
    """
    try:
        gold, given = (timeout(SECONDS)(_parse)(request[key]) for key in ("gold", "answer"))
        tolerance = Fraction(request["tolerance"]) if request.get("tolerance") else None
        return bool(timeout(SECONDS)(_equal)(gold, given, tolerance))
    except (TimeoutException, Exception):
        return False


def _parse(text: str) -> Any:
    """A sympy object with exact numbers. Raises what the parser raises for a text that is no mathematics."""
    marked = _keep_marks(text)
    return _exact(latex2sympy(marked, normalization_config=_NORMALIZATION, conversion_config=_CONVERSION))


def _keep_marks(text: str) -> str:
    """The text with what the parser would drop as parts of symbols: the prime of ``x'``, the exponent of ``A^T``, the
    order of the points of an angle; and degrees as radians. Raises ValueError for a prime of anything else.
    """
    text = _PRIME.sub(lambda match: f"{match[1]}_{{prime{len(match[2])}}}", text)
    if "'" in text:
        raise ValueError("a prime of what is no letter")
    text = _TRANSPOSE.sub("^{T_{exponent}}", text)
    text = _ANGLE.sub(lambda match: f"Q_{{{match[2]}{''.join(sorted(match[1] + match[3]))}}}", text)
    return _DEGREES.sub(r"(\\frac{\1 \\pi}{180})", text)


def _exact(parsed: Any) -> Any:
    """Decimals as fractions, ``i`` as the imaginary unit, other symbols without assumptions, ``f(x)`` as a symbol."""
    if isinstance(parsed, sympy.MatrixBase):
        return parsed.applyfunc(_exact)
    if not isinstance(parsed, sympy.Basic):
        return parsed
    functions = {each: sympy.Symbol(str(each)) for each in parsed.atoms(AppliedUndef)}
    parsed = parsed.xreplace(functions)
    symbols = {each: sympy.Symbol(each.name) for each in parsed.atoms(sympy.Symbol)}
    symbols |= {each: sympy.I for each in parsed.free_symbols if each.name == "i"}
    decimals = {each: sympy.Rational(str(each)) for each in parsed.atoms(sympy.Float)}
    return parsed.xreplace({**symbols, **decimals})


def _equal(gold: Any, given: Any, tolerance: Fraction | None) -> bool:
    if isinstance(gold, sympy.Expr) and isinstance(given, sympy.Expr):
        return _equal_expressions(gold, given, tolerance)
    if isinstance(gold, Relational) and isinstance(given, Relational):
        return _equal_relations(gold, given)
    if isinstance(gold, sympy.MatrixBase) and isinstance(given, sympy.MatrixBase):
        return gold.shape == given.shape and all(map(_equal_expressions, gold.flat(), given.flat()))
    if isinstance(gold, Relational) != isinstance(given, Relational) and not isinstance(gold, sympy.Set):
        return False  # math-verify takes the right side of an equation for its value
    return verify(gold, given, timeout_seconds=SECONDS, allow_set_relation_comp=True)


def _equal_expressions(gold: sympy.Expr, given: sympy.Expr, tolerance: Fraction | None = None) -> bool:
    gold, given = gold.doit(), given.doit()
    if any(each.has(sympy.zoo, sympy.nan) for each in (gold, given)):
        return False
    if gold == given:
        return True
    if isinstance(gold, sympy.Rational) and isinstance(given, sympy.Rational):
        return tolerance is not None and abs(gold - given) <= _rational(tolerance)
    if any(each.has(sympy.oo, -sympy.oo) for each in (gold, given)):
        return False
    names = gold.free_symbols | given.free_symbols
    if not names:
        return _agree(_evaluate(gold, {}), _evaluate(given, {}), tolerance)
    return _agree_everywhere(gold, given)


def _agree_everywhere(gold: sympy.Expr, given: sympy.Expr) -> bool:
    """Whether two expressions agree at points with positive variables, and where one variable is negative.

    There both may leave the real numbers, on branches that say nothing; if only one does, they differ.
    """
    informative = 0
    for point, is_positive in _sample_points(gold.free_symbols | given.free_symbols):
        values = _evaluate(gold, point), _evaluate(given, point)
        if values[0] is None and values[1] is None:
            continue
        if values[0] is None or values[1] is None:
            return False
        if is_positive or any(_is_real(value) for value in values):
            if not _agree(*values):
                return False
            informative += is_positive
    return informative >= 2


def _sample_points(names: set[Any]) -> Iterator[tuple[dict[Any, Any], bool]]:
    ordered = sorted(names, key=str)
    for shift in range(3):
        point = {
            name: _POINTS[(index + 3 * shift) % len(_POINTS)] + index // len(_POINTS)
            for index, name in enumerate(ordered)
        }
        yield {name: value + shift for name, value in point.items()}, True
    for name in ordered:
        yield {other: -value if other == name else value for other, value in point.items()}, False


def _evaluate(expression: sympy.Expr, point: Mapping[Any, Any]) -> sympy.Expr | None:
    """The value to `_DIGITS` digits; None if it is not finite."""
    value = expression.subs(point).evalf(_DIGITS) if point else expression.evalf(_DIGITS)
    return value if value.is_number and value.is_finite and not value.free_symbols else None


def _is_real(value: sympy.Expr) -> bool:
    real, imaginary = value.as_real_imag()
    return bool(abs(imaginary) <= abs(real) * sympy.Float(10) ** -_AGREEMENT)


def _agree(one: Any, other: Any, tolerance: Fraction | None = None) -> bool:
    if one is None or other is None:
        return False
    size = max(abs(one), abs(other))
    limit = size * sympy.Float(10, _DIGITS) ** -_AGREEMENT if tolerance is None else _rational(tolerance)
    return bool(abs(one - other) <= limit) or bool(
        size < sympy.Float(10, _DIGITS) ** (-2 * _DIGITS) and 0 in (one, other)
    )


def _rational(value: Fraction) -> sympy.Rational:
    return sympy.Rational(value.numerator, value.denominator)


def _equal_relations(gold: Relational, given: Relational) -> bool:
    """Whether two relations hold at the same points: one difference of their sides is a multiple of the other, by a
    positive number where the sign counts.
    """
    if isinstance(gold, sympy.Gt | sympy.Ge):
        gold = gold.reversed
    if isinstance(given, sympy.Gt | sympy.Ge):
        given = given.reversed
    if type(gold) is not type(given):
        return False
    differences = [(each.lhs - each.rhs).doit() for each in (gold, given)]
    names = differences[0].free_symbols | differences[1].free_symbols
    factors = []
    for point, _ in _sample_points(names):
        values = [_evaluate(each, point) for each in differences]
        if values[0] is None or values[1] is None or values[0] == 0 or values[1] == 0:
            return False
        factors.append(values[1] / values[0])
    is_multiple = len(factors) > 1 and all(_agree(factors[0], factor) for factor in factors[1:])
    return is_multiple and (isinstance(gold, sympy.Eq | sympy.Ne) or bool(factors[0] > 0))
