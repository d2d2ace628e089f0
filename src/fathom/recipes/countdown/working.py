"""Imperfect workings of problems without a search: chains, greatest common divisors, equations.

A chain is shortened by one operation a line, and what is left is written out, so that a line depends on the one before
it alone. Divisors and equations divide with a remainder:

     4 * 3 = 12: 7 + 12 - 2        84 = 36 * 2 + 12        48 - 13 = 35
     7 + 12 = 19: 19 - 2           36 = 12 * 3 + 0         35 = 7 * 5 + 0
     19 - 2 = 17
"""

from __future__ import annotations

import random
from collections.abc import Iterator

from fathom.recipes.countdown.manner import SearchErrors
from fathom.recipes.countdown.puzzles import QUESTION, next_step, solve
from fathom.recipes.countdown.steps import LARGEST, calculation, number_text
from fathom.recipes.countdown.traces import apply
from fathom.tasks.task import Item

LONGEST = 12
"""Lines of a division that slips kept from ending."""

Work = Iterator[tuple[str, int]]
"""Lines, each with what the solver would answer after it."""


def work(item: Item, manner: SearchErrors, rng: random.Random) -> str:
    """One solver's attempt: what follows a prompt that ends inside the thinking."""
    question = item.metadata[QUESTION]
    if rng.random() < manner.guess:
        return f"</think> {rng.randint(0, LARGEST)}"
    patience = rng.uniform(*manner.patience)
    said: list[tuple[str, int]] = []
    for step in _lines(question, manner, rng):
        said.append(step)
        if rng.random() >= patience:
            break
    return f"{''.join(line for line, _ in said)}</think> {number_text(said[-1][1])}"


def _lines(question: str, manner: SearchErrors, rng: random.Random) -> Work:
    if question.startswith("="):
        return _chain(question.split()[1:], manner, rng)
    if question.startswith("gcd"):
        return _divisor([int(number) for number in question.split()[1:]], manner, rng)
    return _equation(question, manner, rng)


def _chain(parts: list[str], manner: SearchErrors, rng: random.Random) -> Work:
    """A result that cannot be written ends it."""
    while len(parts) > 1:
        at = next_step(parts)
        a, b = int(parts[at - 1]), int(parts[at + 1])
        result = manner.with_error(max(0, a - b) if parts[at] == "-" else apply(parts[at], a, b), rng)
        line = f" {a} {parts[at]} {b} = {number_text(result)}"
        parts = [*parts[: at - 1], number_text(result), *parts[at + 2 :]]
        yield f"{line}: {' '.join(parts)}\n" if len(parts) > 1 else f"{line}\n", result
        if result > LARGEST:
            return


def _divisor(numbers: list[int], manner: SearchErrors, rng: random.Random) -> Work:
    """Euclid, for the first two numbers, then for their divisor and the next."""
    a, *others = numbers
    for _ in range(LONGEST):
        if not others:
            return
        b = others[0]
        if b > a:
            a, b = b, a
        line, rest = _division(a, b, manner, rng)
        a, others = (b, others[1:]) if rest == 0 else (b, [rest, *others[1:]])
        yield line, a


def _equation(question: str, manner: SearchErrors, rng: random.Random) -> Work:
    found = solve(question)
    assert found is not None  # the form of the puzzle
    a, b, c, d = found
    operator = "+" if d == c + b else "-"
    result = min(manner.with_error(d, rng), LARGEST)
    yield f" {calculation(operator, c, b, result)}\n", result
    quotient = manner.with_error(result // a, rng)
    yield f" {result} = {a} * {number_text(quotient)} + {result % a}\n", quotient


def _division(a: int, b: int, manner: SearchErrors, rng: random.Random) -> tuple[str, int]:
    """A line, and the remainder that the solver finds: below ``b``, or the division is not one."""
    quotient, rest = divmod(a, b)
    rest = min(manner.with_error(rest, rng), b - 1)
    return f" {a} = {b} * {number_text(manner.with_error(quotient, rng))} + {rest}\n", rest
