"""Solver of Countdown: every value that a few numbers reach, with an expression for it.

The values of a set of numbers are combinations of the values of two complementary subsets, for all ways to split it;
every subset is solved once. Fast for three or four numbers, infeasible beyond six.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from functools import lru_cache
from itertools import combinations
from types import MappingProxyType

from fathom.tasks.verifiers.countdown import Rules

_Values = dict[Fraction, str]


def reachable(numbers: Sequence[int], rules: Rules, *, whole: bool = False) -> Mapping[int, str]:
    """The whole values from 1 that the rules can reach, each with an expression, in ascending order.

    ``whole`` requires intermediate values to be whole and not negative, as answers in steps are. Without ``use_all``
    the given numbers are values too.
    """
    return _reachable(tuple(sorted(numbers)), rules, whole)


@lru_cache(maxsize=4096)
def _reachable(numbers: tuple[int, ...], rules: Rules, whole: bool) -> Mapping[int, str]:
    sizes = [len(numbers)] if rules.use_all else range(1, len(numbers) + 1)
    values: _Values = {}
    for size in sizes:
        for subset in sorted(set(combinations(numbers, size))):
            values = _all_values(subset, rules, whole) | values  # the shortest expression is kept
    positive = {int(value): text for value, text in values.items() if value.denominator == 1 and value >= 1}
    return MappingProxyType({value: _without_outer(positive[value]) for value in sorted(positive)})


def _all_values(numbers: Sequence[int], rules: Rules, whole: bool) -> _Values:
    """All values of exactly these numbers, by dynamic programming over subsets as bit masks."""
    count = len(numbers)
    table: dict[int, _Values] = {1 << i: {Fraction(number): str(number)} for i, number in enumerate(numbers)}
    for mask in sorted(range(1, 1 << count), key=int.bit_count):
        if mask in table:
            continue
        values: _Values = {}
        part = (mask - 1) & mask
        while part:
            for left, left_text in table[part].items():
                for right, right_text in table[mask ^ part].items():
                    for operator in rules.operators:
                        value = _result(operator, left, right, rules)
                        if value is None or value in values or (whole and (value.denominator != 1 or value < 0)):
                            continue
                        values[value] = f"({left_text} {operator} {right_text})"
            part = (part - 1) & mask
        table[mask] = values
    return table[(1 << count) - 1]


def _result(operator: str, left: Fraction, right: Fraction, rules: Rules) -> Fraction | None:
    """The result of an operation; None if the other order gives the same, and for a division by zero."""
    if operator == "/":
        return left / right if right else None
    if operator == "-":
        return None if rules.absolute and left < right else left - right
    if left < right:
        return None
    return left + right if operator == "+" else left * right


def _without_outer(text: str) -> str:
    return text[1:-1] if text.startswith("(") else text
