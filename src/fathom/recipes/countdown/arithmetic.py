"""The arithmetic of the traces: steps with two numbers, and how results are written.

Every number that a step may use or leave is one token (`countdown.vocabulary`), so a step is six of them: ` 9 - 5 = 4`.
A result beyond the largest number of a notation is written `big` and leads nowhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations

OPERATORS = "+-*"
BIG = "big"


@dataclass(frozen=True, slots=True)
class Notation:
    """Numbers beyond ``largest`` are written `big`. With a ``limit`` all results beyond it are the same to a solver."""

    largest: int
    limit: int | None = None

    def text(self, value: int) -> str:
        return str(value) if value <= self.largest else BIG


SPEEDRUN = Notation(72)
"""No target of up to 60 is reached through a larger number, with numbers of up to 12."""

LARGEST = 99
CURRICULUM = Notation(LARGEST, limit=LARGEST + 1)


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


def apply(operator: str, a: int, b: int) -> int:
    """``a`` op ``b``; a difference is absolute, because solvers put the larger number first."""
    return {"+": a + b, "-": abs(a - b), "*": a * b}[operator]


def steps(numbers: Sequence[int], largest: int = LARGEST, *, from_last: bool = False) -> list[ArithmeticStep]:
    """Every step with two of ``numbers``, each once, but for those whose result is beyond ``largest``. ``from_last``
    lists the steps with the last numbers first.
    """
    pairs = list(combinations(range(len(numbers)), 2))
    unique: dict[ArithmeticStep, None] = {}
    for i, j in reversed(pairs) if from_last else pairs:
        first, second = sorted((numbers[i], numbers[j]), reverse=True)
        rest = tuple(number for at, number in enumerate(numbers) if at not in (i, j))
        for operator in OPERATORS:
            step = ArithmeticStep(first, operator, second, rest)
            if step.result <= largest:
                unique[step] = None
    return list(unique)


def reachable(numbers: Sequence[int]) -> frozenset[int]:
    """What can be made of all of ``numbers`` without leaving 0..`LARGEST`."""
    return _reachable(tuple(sorted(numbers)))


@lru_cache(maxsize=65_536)
def _reachable(numbers: tuple[int, ...]) -> frozenset[int]:
    if len(numbers) == 1:
        return frozenset(numbers)
    return frozenset().union(*(reachable((*step.rest, step.result)) for step in steps(numbers)))


def calculation(operator: str, a: int, b: int, result: int, notation: Notation = CURRICULUM) -> str:
    """``a op b = result``, the larger first where the order matters."""
    if operator == "-" and b > a:
        a, b = b, a
    return f"{a} {operator} {b} = {notation.text(result)}"


def next_operator(terms: list[str]) -> int:
    """The index of the operator of a chain that is computed first: products before the others, then from the left."""
    return terms.index("*") if "*" in terms else 1


def is_computable(terms: list[str]) -> bool:
    """Whether no intermediate result of a chain leaves 0..`LARGEST`."""
    terms = list(terms)
    while len(terms) > 1:
        at = next_operator(terms)
        a, b = int(terms[at - 1]), int(terms[at + 1])
        result = apply(terms[at], a, b)
        if result > LARGEST or (terms[at] == "-" and b > a):
            return False
        terms[at - 1 : at + 2] = [str(result)]
    return True
