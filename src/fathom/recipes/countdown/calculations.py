"""Imperfect calculations, line by line: chains, greatest common divisors, equations.

A chain is shortened by one operation a line, and the rest is written out, so that a line depends on the one before it
alone. Divisors and equations divide with a remainder:

     4 * 3 = 12: 7 + 12 - 2        84 = 36 * 2 + 12        48 - 13 = 35
     7 + 12 = 19: 19 - 2           36 = 12 * 3 + 0         35 = 7 * 5 + 0
     19 - 2 = 17
"""

from __future__ import annotations

import random
from collections.abc import Iterator

from fathom.recipes.countdown.arithmetic import CURRICULUM, LARGEST, apply, calculation, next_operator
from fathom.recipes.countdown.errors import ErrorRates
from fathom.recipes.countdown.problems import QUESTION, parse_equation
from fathom.tasks.task import Item

MAX_DIVISIONS = 12
"""Lines of a division that slips keep from ending."""

SolutionLines = Iterator[tuple[str, int]]
"""Lines, each with what the solver would answer after it."""


def calculate(item: Item, rates: ErrorRates, rng: random.Random) -> str:
    """One solver's attempt: what follows a prompt that ends inside the thinking."""
    question = item.metadata[QUESTION]
    if rng.random() < rates.guess:
        return f"</think> {rng.randint(0, LARGEST)}"
    patience = rng.uniform(*rates.patience)
    lines: list[str] = []
    answer = 0
    for line, result in _lines(question, rates, rng):
        lines.append(line)
        answer = result
        if rng.random() >= patience:
            break
    return f"{''.join(lines)}</think> {CURRICULUM.text(answer)}"


def _lines(question: str, rates: ErrorRates, rng: random.Random) -> SolutionLines:
    if question.startswith("="):
        return _chain(question.split()[1:], rates, rng)
    if question.startswith("gcd"):
        return _divisor([int(number) for number in question.split()[1:]], rates, rng)
    return _equation(question, rates, rng)


def _chain(terms: list[str], rates: ErrorRates, rng: random.Random) -> SolutionLines:
    """A result that cannot be written ends it."""
    while len(terms) > 1:
        at = next_operator(terms)
        a, b = int(terms[at - 1]), int(terms[at + 1])
        value = max(0, a - b) if terms[at] == "-" else apply(terms[at], a, b)
        result = rates.compute(value, CURRICULUM, rng)
        line = f" {a} {terms[at]} {b} = {CURRICULUM.text(result)}"
        terms = [*terms[: at - 1], CURRICULUM.text(result), *terms[at + 2 :]]
        yield f"{line}: {' '.join(terms)}\n" if len(terms) > 1 else f"{line}\n", result
        if result > LARGEST:
            return


def _divisor(numbers: list[int], rates: ErrorRates, rng: random.Random) -> SolutionLines:
    """Euclid, for the first two numbers, then for their divisor and the next."""
    a, *others = numbers
    for _ in range(MAX_DIVISIONS):
        if not others:
            return
        b = others[0]
        if b > a:
            a, b = b, a
        line, rest = _division(a, b, rates, rng)
        a, others = (b, others[1:]) if rest == 0 else (b, [rest, *others[1:]])
        yield line, a


def _equation(question: str, rates: ErrorRates, rng: random.Random) -> SolutionLines:
    parts = parse_equation(question)
    assert parts is not None  # the form of the problem
    a, b, c, d = parts
    operator = "+" if d == c + b else "-"
    result = min(rates.compute(d, CURRICULUM, rng), LARGEST)
    yield f" {calculation(operator, c, b, result)}\n", result
    quotient = rates.compute(result // a, CURRICULUM, rng)
    yield f" {result} = {a} * {CURRICULUM.text(quotient)} + {result % a}\n", quotient


def _division(a: int, b: int, rates: ErrorRates, rng: random.Random) -> tuple[str, int]:
    """A line, and the remainder that the solver gets: below ``b``, or it would be no division."""
    quotient, rest = divmod(a, b)
    rest = min(rates.compute(rest, CURRICULUM, rng), b - 1)
    return f" {a} = {b} * {CURRICULUM.text(rates.compute(quotient, CURRICULUM, rng))} + {rest}\n", rest
