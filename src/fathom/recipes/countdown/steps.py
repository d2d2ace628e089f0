"""The arithmetic of the longer recipe: steps with two numbers, whole and below a hundred.

Every number that a step may use or leave is one token (`countdown.vocabulary`), so a step is six of them: ` 9 -
5 = 4`. Results beyond `LARGEST` are written `big` and lead nowhere; problems that need one are not posed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations

from fathom.recipes.countdown.traces import apply

LARGEST = 99
BIG = "big"


@dataclass(frozen=True, slots=True)
class ArithmeticStep:
    """Two of the numbers taken together, the larger first, and those that are left, in their order."""

    first: int
    operator: str
    second: int
    rest: tuple[int, ...]

    @property
    def result(self) -> int:
        return apply(self.operator, self.first, self.second)


def steps(numbers: Sequence[int]) -> list[ArithmeticStep]:
    """Every step with two of ``numbers``, each once, but for those whose result is too large."""
    found: dict[ArithmeticStep, None] = {}
    for i, j in combinations(range(len(numbers)), 2):
        first, second = sorted((numbers[i], numbers[j]), reverse=True)
        rest = tuple(number for at, number in enumerate(numbers) if at not in (i, j))
        for operator in "+-*":
            step = ArithmeticStep(first, operator, second, rest)
            if step.result <= LARGEST:
                found[step] = None
    return list(found)


def reachable(numbers: Sequence[int]) -> frozenset[int]:
    """What can be made of all of ``numbers`` without leaving 0..`LARGEST`."""
    return _reachable(tuple(sorted(numbers)))


@lru_cache(maxsize=65_536)
def _reachable(numbers: tuple[int, ...]) -> frozenset[int]:
    if len(numbers) == 1:
        return frozenset(numbers)
    return frozenset().union(*(reachable((*step.rest, step.result)) for step in steps(numbers)))


def number_text(value: int) -> str:
    """As a solver writes it down."""
    return str(value) if value <= LARGEST else BIG


def calculation(operator: str, a: int, b: int, result: int) -> str:
    """``a op b = result``, the larger first where the order matters."""
    if operator == "-" and b > a:
        a, b = b, a
    return f"{a} {operator} {b} = {number_text(result)}"
